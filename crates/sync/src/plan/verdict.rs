//! What an answer of the server means for the entry that was sent.

use limpet_wire::{Code, Failure};

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The server did what was asked.
    Done,
    /// No answer: no network, no server, or it broke off.
    NoWay,
    /// The server answered with this status and this sentence.
    Said {
        /// HTTP status.
        status: u16,
        /// What it says.
        failure: Failure,
    },
}

/// What follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done; wait for the feed to bring it back.
    Accepted,
    /// Try again later.
    Later,
    /// Try again once somebody has signed in.
    SignedOut,
    /// Nobody but a person can help.
    Refused(Failure),
}

/// What follows from an answer. Only what may change by itself is tried again.
pub fn verdict(answer: Answer) -> Verdict {
    match answer {
        Answer::Done => Verdict::Accepted,
        Answer::Said { status: 401, .. } => Verdict::SignedOut,
        // A full disk does not empty itself: somebody has to read the sentence.
        Answer::Said { status: 507, failure } => Verdict::Refused(failure),
        Answer::NoWay | Answer::Said { status: 408 | 421 | 423 | 425 | 429 | 500.., .. } => Verdict::Later,
        Answer::Said { failure, .. } => Verdict::Refused(failure),
    }
}

impl Answer {
    /// For an answer without a sentence of its own.
    pub fn silent(status: u16) -> Self {
        Self::Said {
            status,
            failure: Failure::new(
                Code::Internal,
                format!(
                    "The server answered {status} and did not say why. Check the server's address, or try again later."
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16) -> Verdict {
        verdict(Answer::silent(status))
    }

    #[test]
    fn only_what_may_change_by_itself_is_tried_again() {
        assert_eq!(verdict(Answer::NoWay), Verdict::Later);
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(said(status), Verdict::Later, "{status}");
        }
        for status in [400, 403, 404, 409, 410, 413, 422, 507] {
            assert!(matches!(said(status), Verdict::Refused(_)), "{status}");
        }
        assert_eq!(said(401), Verdict::SignedOut);
    }
}
