//! The command line: `limpet [--profile DIR]`. The environment variable `LIMPET_PROFILE` means the same.

use std::{ffi::OsString, path::PathBuf};

/// What was asked for on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Folder of the profile; absent for the default one.
    pub(crate) profile: Option<PathBuf>,
}

impl Arguments {
    /// Reads the arguments after the program's name. Unknown ones are left to the window system.
    pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Self {
        let mut words = words.peekable();
        let mut profile = std::env::var_os("LIMPET_PROFILE").map(PathBuf::from);
        while let Some(word) = words.next() {
            if word == "--profile" {
                profile = words.next().map(PathBuf::from).or(profile);
            }
        }
        Self { profile }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_and_others_words_are_left_alone() {
        let words = ["--display", ":1", "--profile", "/tmp/p"].map(OsString::from);
        assert_eq!(Arguments::read(words.into_iter()).profile, Some(PathBuf::from("/tmp/p")));
    }
}
