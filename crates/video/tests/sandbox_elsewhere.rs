//! What a decoder child may do on Windows and macOS: a process puts the sandbox on and tries the rest.
#![cfg(any(windows, target_os = "macos"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::HashMap,
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{self, Command, Stdio},
    thread,
};

const INSIDE: &str = "LIMPET_INSIDE_SANDBOX";
/// How many deeds are refused.
const REFUSED: usize = if cfg!(windows) { 5 } else { 11 };

#[test]
fn from_inside_little_more_than_thinking_is_possible() {
    if let Some(file) = env::var_os(INSIDE) {
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        limpet_video::sandbox::enter().unwrap();
        inside(Path::new(&file), &door);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file of the user's");
    fs::write(&file, "as it was").unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "from_inside_little_more_than_thinking_is_possible", "--nocapture"])
        .env(INSIDE, &file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port = lines.find_map(|line| line.strip_prefix("door: ").map(str::to_owned)).unwrap();
    TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap().write_all(b"knock").unwrap();
    child.stdin.take().unwrap().write_all(b"pipe").unwrap();
    let said: Vec<String> = lines.collect();
    assert!(child.wait().unwrap().success(), "{said:#?}");
    assert_eq!(said.iter().filter(|line| line.ends_with(": refused")).count(), REFUSED, "{said:#?}");
    assert!(!said.iter().any(|line| line.ends_with(": possible")), "{said:#?}");
    assert!(said.iter().any(|line| line == "thinking: done"), "{said:#?}");
    assert_eq!(fs::read_to_string(file).unwrap(), "as it was");
}

fn inside(file: &Path, door: &TcpListener) -> ! {
    println!();
    println!("door: {}", door.local_addr().unwrap().port());
    refused("start a program", || Command::new(env::current_exe()?).arg("--list").spawn());
    refused("write a file", || fs::write(file, "taken over"));
    refused("make a file", || fs::write(file.with_extension("more"), "new"));
    refused("remove a file", || fs::remove_file(file));
    refused("take more memory than there is for it", || {
        Vec::<u8>::new().try_reserve_exact(16 << 30).map_err(io::Error::other)
    });
    #[cfg(unix)]
    {
        refused("read a file", || fs::read(file));
        refused("look at a file", || fs::metadata(file));
        refused("list a folder", || fs::read_dir("/"));
        refused("connect", || TcpStream::connect(door.local_addr()?));
        refused("listen", || TcpListener::bind("127.0.0.1:0"));
        refused("listen for programs", || {
            std::os::unix::net::UnixListener::bind(file.with_extension("socket"))
        });
    }
    // And what a decoder needs.
    let (mut visitor, _) = door.accept().unwrap();
    visitor.set_nodelay(true).unwrap();
    visitor.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let mut knock = String::new();
    visitor.read_to_string(&mut knock).unwrap();
    assert_eq!(knock, "knock");
    let mut pipe = String::new();
    io::stdin().read_to_string(&mut pipe).unwrap();
    assert_eq!(pipe, "pipe");
    let sums: HashMap<u64, u64> = (0..4_u64)
        .map(|n| thread::spawn(move || (n, (0..1000).map(|m| m * n).sum())))
        .map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!((sums.len(), vec![1_u8; 64 << 20].len()), (4, 64 << 20));
    assert!(thread::available_parallelism().is_ok());
    println!("thinking: done");
    process::exit(0);
}

fn refused<T>(what: &str, deed: impl FnOnce() -> io::Result<T>) {
    match deed() {
        Ok(_) => println!("{what}: possible"),
        Err(error) => {
            eprintln!("{what}: {error}");
            println!("{what}: refused");
        }
    }
}
