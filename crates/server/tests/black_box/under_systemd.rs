//! What systemd does with a service: it hands over its socket, and is told how the service stands.

use std::{
    io::{BufRead, BufReader},
    net::{TcpListener, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    process::Stdio,
    time::Duration,
};

use crate::server::{Server, fresh_dir, perpetuo, perpetuo_on};

/// The other end of `NOTIFY_SOCKET`.
struct Manager(UnixDatagram);

impl Manager {
    /// What it is told next.
    fn told(&self) -> String {
        let mut message = [0; 4096];
        let len = self.0.recv(&mut message).unwrap();
        std::str::from_utf8(&message[..len]).unwrap().trim_end().to_owned()
    }
}

#[test]
fn the_manager_is_told_when_it_serves_when_it_reads_its_settings_again_and_when_it_ends() {
    let dir = fresh_dir();
    std::fs::create_dir_all(&dir).unwrap();
    let (path, file) = (dir.join("notify"), dir.join("perpetuo.toml"));
    let manager = Manager(UnixDatagram::bind(&path).unwrap());
    manager.0.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    std::fs::write(&file, "drain = 7").unwrap();
    let mut command = perpetuo();
    command.env("NOTIFY_SOCKET", &path).arg("--config").arg(&file);
    let server = Server::spawn(&dir, command.args(["--log-level", "warn"]));
    assert_eq!(manager.told(), "READY=1");
    assert_eq!(server.get("/health/ready").status(), 200);
    server.send("HUP");
    let reloading = manager.told();
    let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&reloading);
    assert!(micros.parse::<u64>().unwrap() > 0);
    assert_eq!(manager.told(), "READY=1");
    server.send("TERM");
    assert_eq!(manager.told(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=11000000");
}

#[test]
fn on_a_socket_that_is_handed_over_nobody_is_turned_away_between_two_processes() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let dir = fresh_dir();
    let start = || {
        let socket = socket.try_clone().unwrap();
        Server::spawn(&dir, perpetuo_on(socket).args(["--log-level", "warn"]))
    };
    let mut first = start();
    assert_eq!(first.address, address, "and not where --listen says");
    let id = first.create("");
    assert_eq!(first.terminate().0.code(), Some(0));
    // There is nobody, and the connection waits.
    let mut waiting = std::net::TcpStream::connect(&address).unwrap();
    std::io::Write::write_all(
        &mut waiting,
        format!("GET /params?id={id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .unwrap();
    let second = start();
    let mut line = String::new();
    BufReader::new(waiting).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    drop(second);
}

#[test]
fn the_log_says_that_listen_is_not_used_and_limits_are_those_of_the_socket() {
    let dir = fresh_dir();
    // Everybody's, so that there are limits.
    let socket = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut command = perpetuo_on(socket);
    let (server, mut log) = Server::spawn_logged(&dir, &mut command);
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    let expected = format!(
        "listening on the socket that was handed over, 0.0.0.0:{port}; --listen is not used\n"
    );
    assert!(line.ends_with(&expected), "{line}");
    let refused = (0..100).find(|_| server.get("/create_stream").status() == 429);
    assert!(refused.is_some(), "ten a second");
}

#[test]
fn what_is_no_socket_to_listen_on_is_an_error_in_words() {
    let udp = OwnedFd::from(UdpSocket::bind("127.0.0.1:0").unwrap());
    let unix = OwnedFd::from(std::os::unix::net::UnixStream::pair().unwrap().0);
    let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    for socket in [udp, unix, file] {
        let output = perpetuo_on(socket).stderr(Stdio::piped()).output().unwrap();
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("LISTEN_FDS") && error.contains("allowed: one of TCP"), "{error}");
    }
}
