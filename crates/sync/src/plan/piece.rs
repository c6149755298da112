//! Which bytes of a file to ask for next.
//!
//! **Invariant:** what somebody waits for comes before everything else, and as long as something is missing there is
//! something to ask for.

use std::ops::Range;

/// The next piece. `waited_for` are the bytes that readers wait for, longest wait first; `eye` is where somebody looks.
/// `gap` answers the first missing bytes at an offset or behind it.
pub fn next_piece(
    waited_for: impl IntoIterator<Item = u64>,
    eye: Option<u64>,
    gap: impl Fn(u64) -> Option<Range<u64>>,
) -> Option<Range<u64>> {
    // A gap that begins behind it says that the byte itself came meanwhile.
    let waited_for = waited_for.into_iter().find_map(|at| gap(at).filter(|gap| gap.start <= at));
    waited_for.or_else(|| eye.and_then(&gap)).or_else(|| gap(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Units of a file of which some are here, and gaps of at most three.
    fn gap_of(here: &[bool]) -> impl Fn(u64) -> Option<Range<u64>> + '_ {
        move |from| {
            let missing = |at: &u64| !here[usize::try_from(*at).unwrap()];
            let start = (from..here.len() as u64).find(missing)?;
            let end = (start..here.len() as u64).take(3).take_while(missing).last().unwrap() + 1;
            Some(start..end)
        }
    }

    proptest! {
        #[test]
        fn whatever_is_wished_all_of_it_comes_and_nothing_twice(
            mut here in prop::collection::vec(any::<bool>(), 1..60),
            wishes in prop::collection::vec((prop::collection::vec(0..60_u64, 0..3), prop::option::of(0..70_u64)), 60),
        ) {
            for (waited_for, eye) in wishes {
                let open = |at: &u64| here.get(usize::try_from(*at).unwrap()) == Some(&false);
                let first = waited_for.iter().copied().find(|at| open(at));
                let Some(piece) = next_piece(waited_for.clone(), eye, gap_of(&here)) else { break };
                match (first, eye) {
                    (Some(first), _) => prop_assert!(piece.contains(&first)),
                    (None, Some(eye)) if (eye..here.len() as u64).any(|at| open(&at)) => {
                        prop_assert!((eye..piece.start).all(|at| !open(&at)) && piece.start >= eye);
                    }
                    _ => prop_assert!((0..piece.start).all(|at| !open(&at))),
                }
                for at in piece {
                    prop_assert!(!std::mem::replace(&mut here[usize::try_from(at).unwrap()], true));
                }
            }
            prop_assert!(here.iter().all(|here| *here));
        }
    }
}
