//! What has been decoded, by frame, until the budget is used up.
//!
//! **Invariant:** it never holds more than its budget plus the frame just put in. What goes first is the group
//! of pictures not looked at for longest; inside the last one, the frame farthest from where the eye is.

use std::{collections::HashMap, sync::Arc};

/// How much something in the cache counts.
pub trait Weight {
    /// Bytes.
    fn weight(&self) -> usize;
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

    /// Keeps a frame of a group, on the way to `target`.
    pub fn put(&mut self, frame: u32, kind: (u32, u32), group: usize, target: u32, value: Arc<K>) {
        self.clock += 1;
        self.groups.insert(group, self.clock);
        self.used += value.weight();
        if let Some(old) = self.kept.insert((frame, kind), Entry { group, value }) {
            self.used = self.used.saturating_sub(old.value.weight());
        }
        while self.used > self.budget && self.kept.len() > 1 {
            self.drop_one(frame, target);
        }
    }

    fn drop_one(&mut self, newest: u32, target: u32) {
        let oldest = self.groups.iter().min_by_key(|(_, looked)| **looked).map(|(group, _)| *group);
        let Some(oldest) = oldest else { return };
        if self.groups.len() > 1 {
            let used = &mut self.used;
            self.kept.retain(|_, entry| {
                let stays = entry.group != oldest;
                if !stays {
                    *used = used.saturating_sub(entry.value.weight());
                }
                stays
            });
            self.groups.remove(&oldest);
            return;
        }
        let others = self.kept.keys().filter(|(frame, _)| *frame != newest);
        let farthest = others.max_by_key(|(frame, _)| (frame.abs_diff(target), *frame)).copied();
        // Only other sizes of the newest frame are left.
        let farthest = farthest.or_else(|| self.kept.keys().next().copied());
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

    fn filled(budget: usize) -> Cache<u8> {
        let mut cache = Cache::new(budget);
        for frame in 0..6 {
            cache.put(frame, (1, 1), frame as usize / 3, frame, Arc::new(0));
        }
        cache
    }

    #[test]
    fn the_group_not_looked_at_for_longest_goes_first() {
        let mut cache = filled(60);
        assert!(cache.get(0, (1, 1)).is_some());
        cache.put(6, (1, 1), 2, 6, Arc::new(0));
        assert!(cache.get(3, (1, 1)).is_none(), "its group was older");
        assert!(cache.get(0, (1, 1)).is_some());
        assert_eq!(cache.used, 40);
    }

    #[test]
    fn a_group_larger_than_the_budget_keeps_what_is_near() {
        let mut cache = Cache::new(30);
        for frame in 0..10 {
            cache.put(frame, (1, 1), 0, 9, Arc::new(0));
        }
        let left: Vec<bool> = (0..10).map(|frame| cache.get(frame, (1, 1)).is_some()).collect();
        assert_eq!(left, [false, false, false, false, false, false, false, true, true, true]);
    }

    #[test]
    fn sizes_are_kept_apart_and_replacing_counts_once() {
        let mut cache = filled(100);
        assert!(cache.get(0, (2, 2)).is_none());
        cache.put(0, (1, 1), 0, 0, Arc::new(1));
        assert_eq!(cache.used, 60);
        assert_eq!(cache.nearest(9, (1, 1)).unwrap().0, 5);
        assert!(cache.nearest(9, (2, 2)).is_none());
    }
}
