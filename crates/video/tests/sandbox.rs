//! What a decoder child may do: a process puts the sandbox on and tries the rest.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    env, fs, io,
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::{UnixListener, UnixStream},
    process::{self, Command},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, kill_process, setrlimit};

const INSIDE: &str = "LIMPET_INSIDE_SANDBOX";

#[test]
fn from_inside_only_thinking_is_possible() {
    if let Ok(port) = env::var(INSIDE) {
        let parent = getppid().unwrap();
        limpet_video::sandbox::enter().unwrap();
        inside(port.parse().unwrap(), parent);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "from_inside_only_thinking_is_possible", "--nocapture", "--test-threads=1"])
        .env(INSIDE, port)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let tried = said.lines().filter(|line| line.ends_with(": refused")).count();
    assert!(!said.contains(": possible"), "{said}");
    assert_eq!(tried, 18, "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("thinking: done"), "{said}");
}

fn inside(port: u16, parent: Pid) -> ! {
    refused("read a file", || fs::read("/etc/passwd"));
    refused("read its own program", || fs::read("/proc/self/exe"));
    refused("look at a file", || fs::metadata("/etc/passwd"));
    refused("list a folder", || fs::read_dir("/"));
    refused("write a file", || fs::write(env::temp_dir().join("limpet-sandbox"), b"out"));
    refused("remove a file", || fs::remove_file("/tmp/limpet-none"));
    refused("rename a file", || fs::rename("/tmp/limpet-none", "/tmp/limpet-other"));
    refused("make a folder", || fs::create_dir("/tmp/limpet-sandbox-folder"));
    refused("change the working folder", || env::set_current_dir("/"));
    refused("connect", || TcpStream::connect(("127.0.0.1", port)));
    refused("listen", || TcpListener::bind("127.0.0.1:0"));
    refused("send datagrams", || UdpSocket::bind("127.0.0.1:0"));
    refused("listen for programs", || UnixListener::bind("/tmp/limpet-sandbox-socket"));
    refused("talk to programs", UnixStream::pair);
    refused("start a program", || Command::new("/bin/true").spawn());
    refused("signal another", || kill_process(parent, Signal::CONT));
    refused("signal everybody", || kill_process(Pid::INIT, Signal::CONT));
    refused("raise its limits", || {
        let all = Rlimit { current: None, maximum: None };
        setrlimit(Resource::As, all)
    });
    // And what a decoder needs.
    let began = Instant::now();
    let sums: Vec<u64> = (0..4_u64)
        .map(|n| thread::spawn(move || (0..1000).map(|m| m * n).sum::<u64>()))
        .map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(sums.len(), 4);
    thread::spawn(|| assert!(fs::read("/etc/passwd").is_err(), "a thread is held as well")).join().unwrap();
    let memory = vec![1_u8; 64 << 20];
    assert!(Vec::<u8>::new().try_reserve_exact(16 << 30).is_err(), "memory has a limit");
    println!("thinking: done, {} bytes, {:?}", memory.len(), began.elapsed());
    process::exit(0);
}

fn refused<T, E: Into<io::Error>>(what: &str, deed: impl FnOnce() -> Result<T, E>) {
    match deed().map_err(Into::into) {
        Ok(_) => println!("{what}: possible"),
        // Refused because it may not be, and not because of anything else.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => println!("{what}: refused"),
        Err(error) => println!("{what}: {error}"),
    }
}
