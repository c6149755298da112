//! The past that a device counts in, and where it began: what the feed calls `epoch`.
//!
//! **Invariant:** a device holds nothing that was gone when it began, so it is not told that it went. Whoever asks from
//! the beginning and says no past has nothing yet.

use limpet_model::Revision;

/// Written `epoch.begun`. Devices keep it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Names the past that revisions count in.
    epoch: String,
    /// The newest revision when the device asked for the first time.
    pub begun: Revision,
}

impl Past {
    /// Of a device that has nothing yet.
    #[must_use]
    pub fn beginning(epoch: &str, newest: Revision) -> Self {
        Self { epoch: epoch.to_owned(), begun: newest }
    }

    /// What a device says, if it counts in the past that is named `epoch`. One that says the name only may hold
    /// anything.
    #[must_use]
    pub fn said(said: &str, epoch: &str) -> Option<Self> {
        let begun = match said.strip_prefix(epoch)?.strip_prefix('.') {
            Some(begun) => begun.parse().ok().filter(|begun| *begun >= 0)?,
            None if said == epoch => 0,
            None => return None,
        };
        Some(Self { epoch: epoch.to_owned(), begun: Revision(begun) })
    }
}

impl std::fmt::Display for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.epoch, self.begun.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_was_told_is_what_it_says() {
        let told = Past::beginning("tide", Revision(7));
        assert_eq!(told.to_string(), "tide.7");
        assert_eq!(Past::said("tide.7", "tide"), Some(told));
        assert_eq!(Past::said("tide", "tide"), Some(Past::beginning("tide", Revision(0))));
        for other in ["", "ebb", "ebb.7", "tides", "tides.7", "tide.", "tide.-7", "tide.x", "tide7"] {
            assert_eq!(Past::said(other, "tide"), None, "{other}");
        }
    }
}
