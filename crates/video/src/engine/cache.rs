//! What has been decoded, by frame, until the budget is used up.
//!
//! **Invariant:** it never holds more than its budget plus the frame just put in. What is near the eye stays; of the
//! rest goes first what was not looked at for longest, by groups of pictures. Only when nothing else is left goes what
//! is near, the farthest first.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How much something in the cache counts.
pub trait Weight {
    /// Bytes.
    fn weight(&self) -> usize;
}

/// A cache that several threads use.
pub struct Shared<K>(Arc<Mutex<Cache<K>>>);

impl<K> Clone for Shared<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Weight> Shared<K> {
    /// An empty cache of so many bytes.
    pub fn new(budget: usize) -> Self {
        Self(Arc::new(Mutex::new(Cache::new(budget))))
    }

    /// A kept frame; its group counts as looked at.
    pub fn get(&self, frame: u32, kind: (u32, u32)) -> Option<Arc<K>> {
        self.lock().get(frame, kind)
    }

    /// The kept frame nearest to this one, and its number.
    pub fn nearest(&self, frame: u32, kind: (u32, u32)) -> Option<(u32, Arc<K>)> {
        self.lock().nearest(frame, kind)
    }

    /// The kept frame nearest to this one, for whatever purpose, and its number.
    pub fn nearest_of_any(&self, frame: u32) -> Option<(u32, Arc<K>)> {
        let cache = self.lock();
        let nearest = cache.kept.iter().min_by_key(|((number, _), _)| (number.abs_diff(frame), *number));
        nearest.map(|((number, _), entry)| (*number, Arc::clone(&entry.value)))
    }

    /// Bytes that a kept frame takes, on average; `None` when there is none.
    pub fn mean(&self) -> Option<usize> {
        let cache = self.lock();
        cache.used.checked_div(cache.kept.len())
    }

    /// Whether another of average size does not fit.
    pub fn is_full(&self) -> bool {
        let mean = self.mean().unwrap_or(0);
        let cache = self.lock();
        cache.used + mean > cache.budget
    }

    /// Whether a frame is there. It does not count as looked at.
    pub fn has(&self, frame: u32, kind: (u32, u32)) -> bool {
        self.lock().kept.contains_key(&(frame, kind))
    }

    /// Keeps a frame of a group. `near` are the frames around the eye.
    pub fn put(&self, frame: u32, kind: (u32, u32), group: usize, near: &Range<u32>, value: Arc<K>) {
        self.lock().put(frame, kind, group, near, value);
    }

    fn lock(&self) -> MutexGuard<'_, Cache<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kept frames of one clip.
pub struct Cache<K> {
    budget: usize,
    used: usize,
    clock: u64,
    kept: HashMap<(u32, (u32, u32)), Entry<K>>,
    /// When each group, named by its starting packet, was last looked at.
    groups: HashMap<usize, u64>,
}

struct Entry<K> {
    group: usize,
    value: Arc<K>,
}

impl<K: Weight> Cache<K> {
    /// An empty cache of so many bytes.
    pub fn new(budget: usize) -> Self {
        Self { budget, used: 0, clock: 0, kept: HashMap::new(), groups: HashMap::new() }
    }

    /// A kept frame; its group counts as looked at.
    pub fn get(&mut self, frame: u32, kind: (u32, u32)) -> Option<Arc<K>> {
        let entry = self.kept.get(&(frame, kind))?;
        self.clock += 1;
        self.groups.insert(entry.group, self.clock);
        Some(Arc::clone(&entry.value))
    }

    /// The kept frame nearest to this one, and its number.
    pub fn nearest(&self, frame: u32, kind: (u32, u32)) -> Option<(u32, Arc<K>)> {
        let same = self.kept.iter().filter(|((_, other), _)| *other == kind);
        let ((number, _), entry) = same.min_by_key(|((number, _), _)| (number.abs_diff(frame), *number))?;
        Some((*number, Arc::clone(&entry.value)))
    }

    /// Keeps a frame of a group. `near` are the frames around the eye.
    pub fn put(&mut self, frame: u32, kind: (u32, u32), group: usize, near: &Range<u32>, value: Arc<K>) {
        self.clock += 1;
        self.groups.insert(group, self.clock);
        self.used += value.weight();
        if let Some(old) = self.kept.insert((frame, kind), Entry { group, value }) {
            self.used = self.used.saturating_sub(old.value.weight());
        }
        while self.used > self.budget && self.kept.len() > 1 {
            self.drop_some((frame, kind), near);
        }
    }

    fn drop_some(&mut self, newest: (u32, (u32, u32)), near: &Range<u32>) {
        let stays = |(frame, kind): (u32, (u32, u32))| kind == newest.1 && near.contains(&frame);
        let far = self.kept.iter().filter(|(key, _)| **key != newest && !stays(**key));
        let oldest = far.min_by_key(|(_, entry)| self.groups.get(&entry.group)).map(|(_, entry)| entry.group);
        if let Some(oldest) = oldest {
            let (used, mut left) = (&mut self.used, false);
            self.kept.retain(|key, entry| {
                let goes = entry.group == oldest && *key != newest && !stays(*key);
                left |= entry.group == oldest && !goes;
                if goes {
                    *used = used.saturating_sub(entry.value.weight());
                }
                !goes
            });
            if !left {
                self.groups.remove(&oldest);
            }
            return;
        }
        let middle = near.start.midpoint(near.end);
        let others = self.kept.keys().filter(|key| **key != newest);
        let farthest = others.max_by_key(|(frame, _)| (frame.abs_diff(middle), *frame)).copied();
        if let Some(entry) = farthest.and_then(|key| self.kept.remove(&key)) {
            self.used = self.used.saturating_sub(entry.value.weight());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weight for u8 {
        fn weight(&self) -> usize {
            10
        }
    }

    const NOWHERE: Range<u32> = 100..100;

    fn filled(budget: usize) -> Cache<u8> {
        let mut cache = Cache::new(budget);
        for frame in 0..6 {
            cache.put(frame, (1, 1), frame as usize / 3, &NOWHERE, Arc::new(0));
        }
        cache
    }

    #[test]
    fn it_is_full_when_another_would_push_something_out() {
        let shared = Shared::new(59);
        assert!(!shared.is_full() && shared.mean().is_none());
        for frame in 0..5 {
            assert!(!shared.is_full());
            shared.put(frame, (1, 1), 0, &NOWHERE, Arc::new(0_u8));
        }
        assert_eq!((shared.mean(), shared.is_full()), (Some(10), true));
    }

    fn left(cache: &mut Cache<u8>, kind: (u32, u32)) -> Vec<u32> {
        (0..20).filter(|frame| cache.get(*frame, kind).is_some()).collect()
    }

    #[test]
    fn the_group_not_looked_at_for_longest_goes_first() {
        let mut cache = filled(60);
        assert!(cache.get(0, (1, 1)).is_some());
        cache.put(6, (1, 1), 2, &NOWHERE, Arc::new(0));
        assert_eq!(left(&mut cache, (1, 1)), [0, 1, 2, 6], "the other group was older");
        assert_eq!(cache.used, 40);
    }

    #[test]
    fn what_is_near_the_eye_stays_whatever_its_age() {
        let mut cache = filled(60);
        cache.put(6, (1, 1), 2, &(1..7), Arc::new(0));
        assert_eq!(left(&mut cache, (1, 1)), [1, 2, 3, 4, 5, 6]);
        cache.put(7, (1, 1), 2, &(1..7), Arc::new(0));
        assert_eq!(left(&mut cache, (1, 1)), [2, 3, 4, 5, 6, 7], "nothing else was left; the farthest went");
    }

    #[test]
    fn other_sizes_are_kept_apart_and_go_before_what_is_near() {
        let mut cache = filled(60);
        assert!(cache.get(0, (2, 2)).is_none());
        cache.put(0, (1, 1), 0, &(0..6), Arc::new(1));
        assert_eq!(cache.used, 60, "replacing counts once");
        assert_eq!(cache.nearest(9, (1, 1)).unwrap().0, 5);
        assert!(cache.nearest(9, (2, 2)).is_none());
        cache.put(2, (2, 2), 0, &(0..6), Arc::new(1));
        assert_eq!(left(&mut cache, (2, 2)), [2]);
        assert_eq!(left(&mut cache, (1, 1)), [0, 1, 2]);
    }
}
