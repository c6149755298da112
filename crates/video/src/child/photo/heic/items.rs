//! The items of a HEIC file as libheif itself finds them: which are coded pictures, their bytes, and what is made of
//! what.
#![expect(unsafe_code, reason = "libheif's functions for items have no safe wrapper")]

use std::{marker::PhantomData, ptr, slice};

use libheif_rs::ItemId;
use libheif_sys as lh;

/// Most items of a file that are looked at; libheif refuses files with as many.
const MOST: usize = 1 << 16;

/// Which items an item names, and as what.
pub struct Named {
    /// Kind of the reference, as `dimg`.
    pub kind: [u8; 4],
    /// The items.
    pub items: Vec<ItemId>,
}

/// A file whose description is read.
pub struct Items<'a> {
    context: *mut lh::heif_context,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Items<'a> {
    /// Reads the description. `None` when that fails. No item may be much longer than the file: its parts would
    /// overlap.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        // SAFETY: a new context, null when there is none.
        let context = unsafe { lh::heif_context_alloc() };
        if context.is_null() {
            return None;
        }
        let items = Self { context, bytes: PhantomData };
        // SAFETY: they belong to the context, which lives, and nobody else has it.
        if let Some(limits) = unsafe { lh::heif_context_get_security_limits(context).as_mut() } {
            limits.max_memory_block_size = 2 * bytes.len() as u64 + (1 << 20);
        }
        // SAFETY: the context lives, and the bytes live as long as it does.
        let read = unsafe {
            lh::heif_context_read_from_memory_without_copy(
                items.context,
                bytes.as_ptr().cast(),
                bytes.len(),
                ptr::null(),
            )
        };
        (read.code == lh::heif_error_code_heif_error_Ok).then_some(items)
    }

    /// Every item.
    pub fn all(&self) -> Vec<ItemId> {
        // SAFETY: the context lives.
        let count = unsafe { lh::heif_context_get_number_of_items(self.context) };
        let mut ids = vec![0; usize::try_from(count).unwrap_or(0).min(MOST)];
        let room = i32::try_from(ids.len()).unwrap_or(0);
        // SAFETY: there is room for as many as are asked for.
        let got = unsafe { lh::heif_context_get_list_of_item_IDs(self.context, ids.as_mut_ptr(), room) };
        ids.truncate(usize::try_from(got).unwrap_or(0));
        ids
    }

    /// Kind of an item, as `hvc1`.
    pub fn kind(&self, item: ItemId) -> [u8; 4] {
        // SAFETY: the context lives; an unknown item has the kind 0.
        unsafe { lh::heif_item_get_item_type(self.context, item) }.to_be_bytes()
    }

    /// What is found in the bytes of an item; there are none when they cannot be read.
    pub fn with_data<T>(&self, item: ItemId, look: impl FnOnce(&[u8]) -> T) -> T {
        let (mut data, mut len) = (ptr::null_mut(), 0);
        // SAFETY: the context lives, and all that is written to outlives the call.
        let got = unsafe {
            lh::heif_item_get_item_data(self.context, item, ptr::null_mut(), &raw mut data, &raw mut len)
        };
        if got.code != lh::heif_error_code_heif_error_Ok || data.is_null() {
            return look(&[]);
        }
        // SAFETY: libheif has put so many bytes there, which are ours until they are released.
        let found = look(unsafe { slice::from_raw_parts(data, len) });
        // SAFETY: they came from libheif and are released once.
        unsafe { lh::heif_release_item_data(self.context, &raw mut data) };
        found
    }

    /// What an item names.
    pub fn named(&self, item: ItemId) -> Vec<Named> {
        let mut all = Vec::new();
        for index in 0.. {
            let (mut kind, mut to) = (0_u32, ptr::null_mut());
            // SAFETY: the context lives, and all that is written to outlives the call.
            let count = unsafe {
                lh::heif_context_get_item_references(self.context, item, index, &raw mut kind, &raw mut to)
            };
            // Also one that names nothing has a list.
            if to.is_null() {
                break;
            }
            // SAFETY: libheif has put so many numbers there, which are ours until they are released.
            let items = unsafe { slice::from_raw_parts(to, count) }.to_vec();
            // SAFETY: they came from libheif and are released once.
            unsafe { lh::heif_release_item_references(self.context, &raw mut to) };
            all.push(Named { kind: kind.to_be_bytes(), items });
        }
        all
    }
}

impl Drop for Items<'_> {
    fn drop(&mut self) {
        // SAFETY: it was allocated by us and is freed once; nothing of it is left.
        unsafe { lh::heif_context_free(self.context) };
    }
}
