//! A child that has been taken over says what it likes. The parent believes none of it.
//!
//! A program of its own, because which program is started as a decoder is decided once a process.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use limpet_video::{Clip, VideoError, decode_with};

/// A shell script that greets and then says one thing.
fn liar(dir: &std::path::Path) {
    let program = dir.join("liar");
    // The hello of a decoder, then what stands in the file beside the script.
    let script = "#!/bin/sh\nprintf '\\021\\000\\000\\000\\001limpet decoder 1'\ncat \"$(dirname \"$0\")/lie\"\nsleep 60\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    decode_with(program);
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 1).unwrap();
    [&len.to_le_bytes()[..], &[kind], body].concat()
}

#[test]
fn nothing_a_child_says_is_believed() {
    const CHUNK: u8 = 3;
    const WRITE: u8 = 4;
    const DONE: u8 = 6;
    const READ: u8 = 7;
    let dir = tempfile::tempdir().unwrap();
    liar(dir.path());
    let ask = 0_u32.to_le_bytes();
    let done = message(DONE, &[&ask[..], br#"{"Ok":null}"#].concat());
    let endless = message(CHUNK, &[&ask[..], &vec![b' '; 1 << 20]].concat()).repeat(100);
    let lies: [(&str, Vec<u8>); 8] = [
        ("a message of four gigabytes", vec![0xff; 9]),
        ("a message of no length", vec![0; 9]),
        ("an unknown kind", message(77, b"x")),
        ("a range longer than any", message(READ, &[&ask[..], &[0; 8], &u32::MAX.to_le_bytes()].concat())),
        ("an index without end", [endless, done.clone()].concat()),
        ("an index that is none", [message(CHUNK, &[&ask[..], b"{}"].concat()), done.clone()].concat()),
        ("a rendition nobody asked for", message(WRITE, &[&ask[..], &[0; 8], b"x"].concat())),
        ("an answer that is not JSON", message(DONE, &[&ask[..], b"?"].concat())),
    ];
    for (what, lie) in lies {
        std::fs::write(dir.path().join("lie"), lie).unwrap();
        let error = Clip::open(Arc::new(vec![1; 100])).unwrap_err();
        assert_eq!(error, VideoError::ChildEnded, "{what}");
    }
}
