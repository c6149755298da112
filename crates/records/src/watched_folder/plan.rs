//! What to do, from what is found under a name. No I/O.

/// What a sidecar says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// The name belongs to content with this hash.
    For(String),
    /// Cut off while it was written.
    Torn,
}

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Hash of the document under the name.
    pub(super) pdf: Option<String>,
    /// The sidecar beside it.
    pub(super) claim: Option<Claim>,
    /// Whether our own document still lies aside.
    pub(super) aside: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is filed: the document is there, or was and has been imported.
    Already,
    /// The name belongs to other content.
    Taken {
        /// Its hash.
        theirs: String,
    },
    /// Write aside, claim, reveal.
    Go,
}

/// Decides for content with the hash `ours`.
///
/// A claim of ours with nothing aside and no document means that the last step was done and an importer took the
/// document: what lies aside goes away in that step and in no other.
pub(super) fn decide(found: &Found, ours: &str) -> Decision {
    match (&found.pdf, &found.claim) {
        (Some(hash), _) if hash == ours => Decision::Already,
        (Some(hash), _) => Decision::Taken { theirs: hash.clone() },
        (None, Some(Claim::For(hash))) if hash != ours => Decision::Taken { theirs: hash.clone() },
        (None, Some(Claim::For(_))) if !found.aside => Decision::Already,
        (None, _) => Decision::Go,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(pdf: Option<&str>, claim: Option<Claim>, aside: bool) -> Decision {
        decide(&Found { pdf: pdf.map(str::to_owned), claim, aside }, "ours")
    }

    #[test]
    fn every_find_has_its_answer() {
        let ours = || Some(Claim::For("ours".into()));
        let theirs = || Some(Claim::For("theirs".into()));
        let taken = Decision::Taken { theirs: "theirs".into() };
        assert_eq!(decided(None, None, false), Decision::Go);
        assert_eq!(decided(None, None, true), Decision::Go, "cut off before the claim");
        assert_eq!(decided(None, Some(Claim::Torn), true), Decision::Go, "cut off in the claim");
        assert_eq!(decided(None, ours(), true), Decision::Go, "cut off before the rename");
        assert_eq!(decided(None, ours(), false), Decision::Already, "imported, the sidecar left behind");
        assert_eq!(decided(Some("ours"), ours(), false), Decision::Already);
        assert_eq!(
            decided(Some("ours"), None, false),
            Decision::Already,
            "the sidecar taken, the document not"
        );
        assert_eq!(decided(Some("theirs"), None, false), taken);
        assert_eq!(decided(Some("theirs"), ours(), true), taken);
        assert_eq!(decided(None, theirs(), false), taken, "another computer has the name");
    }
}
