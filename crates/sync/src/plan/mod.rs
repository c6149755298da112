//! What to do, decided without doing anything.
//!
//! **Invariant:** no function here reads a clock, a file, a socket or a random number.

mod backoff;
mod drain;
mod overlay;
mod piece;
mod verdict;

pub use backoff::{Pace, delay};
pub use drain::{next_attempt, ready};
pub use overlay::{Known, overlay};
pub use piece::next_piece;
pub use verdict::{Answer, Verdict, verdict};
