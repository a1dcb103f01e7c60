//! Whoever has no certificate takes little memory and nobody's place, however much he sends.

use crate::member::{Given, Member, until};
use crate::stranger::Stranger;
use pars_host::Recipients;
use pars_overlay::overlay::Event;
use pars_overlay::state::HALF_OPEN_MAX;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

/// What all strangers together may cost.
const GROWTH_MAX_KIB: u64 = 64 << 10;
/// Rounds of messages between peers take no longer.
const ROUND_MAX: Duration = Duration::from_secs(5);
/// For how many seconds the two validators are flooded.
const SECONDS: &str = "PARS_FLOOD_SECONDS";
/// What they say when they are ready.
const READY: &str = "flood me at ";
/// And when they have had enough.
const ENOUGH: &str = "that is enough";

/// What was sent.
#[derive(Debug, Default)]
struct Sent {
    datagrams: AtomicU64,
    first_packets: AtomicU64,
    half: AtomicU64,
    silent: AtomicU64,
}

/// Garbage, first packets of connections, handshakes that end in the middle, and connections without a certificate, from
/// thousands of addresses. The validators are in a process of their own, so that what they take is not what others take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_flood_from_strangers() {
    let seconds = if std::env::var_os("PARS_FULL").is_some() { 30 } else { 5 };
    let mut validators = Command::new(std::env::current_exe().unwrap())
        .args(["flood::process_of_validators", "--exact", "--ignored", "--nocapture"])
        .env(SECONDS, seconds.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(validators.stdout.take().unwrap());
    let (told, mut lines) = mpsc::unbounded_channel();
    let reading = spawn_blocking(move || {
        for line in output.lines().map_while(Result::ok) {
            println!("{line}");
            drop(told.send(line));
        }
    });
    let mut said = async |words: &str| loop {
        let line = timeout(Duration::from_secs(60), lines.recv()).await.expect("in time").expect("it goes on");
        if let Some((_, rest)) = line.split_once(words) {
            break rest.to_owned();
        }
    };
    let address = said(READY).await.parse().unwrap();
    let sent = Arc::new(Sent::default());
    let recorded = first_packets(32).await;
    let mut strangers = JoinSet::new();
    for number in 0..2 {
        strangers.spawn(garbage(Arc::clone(&sent), address, number));
    }
    strangers.spawn(beginnings(Arc::clone(&sent), address, recorded));
    for number in 0..64 {
        strangers.spawn(half(Arc::clone(&sent), address, number));
        strangers.spawn(silent(Arc::clone(&sent), address, number));
    }
    said(ENOUGH).await;
    strangers.shutdown().await;
    println!("{sent:?}");
    let end = spawn_blocking(move || validators.wait().unwrap()).await.unwrap();
    reading.await.unwrap();
    assert!(end.success(), "{end}");
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    assert!(read(&sent.datagrams) > 10_000 && read(&sent.first_packets) > 1_000);
    assert!(read(&sent.half) > 50 && read(&sent.silent) > 20);
}

/// Two validators that speak with each other while they are flooded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "process_flood_from_strangers starts it in a process of its own"]
async fn process_of_validators() {
    let seconds = std::env::var(SECONDS).unwrap().parse().unwrap();
    let given = Given::new(&[1, 2]);
    let member = Member::start(1, &[], &given);
    member.ready().await;
    let peer = Member::start(2, &[member.address], &given);
    until("they are connected", || member.peers() == 1 && peer.peers() == 1).await;
    round(&member, &peer, 0).await;
    let before_kib = resident_kib();
    println!("{READY}{}", member.address);
    let start = Instant::now();
    let (mut highest_kib, mut most_links, mut rounds, mut slowest) = (0, 0, 0, Duration::ZERO);
    while start.elapsed() < Duration::from_secs(seconds) {
        rounds += 1;
        slowest = slowest.max(round(&member, &peer, rounds).await);
        highest_kib = highest_kib.max(resident_kib());
        most_links = most_links.max(member.overlay.report().counts.links);
        sleep(Duration::from_millis(50)).await;
    }
    println!("{ENOUGH}");
    let grown_kib = highest_kib.saturating_sub(before_kib);
    println!(
        "{seconds} s: memory grew by {grown_kib} KiB from {before_kib}, {most_links} connections at most, {rounds} rounds \
         of messages, the slowest {} ms; {:?}",
        slowest.as_millis(),
        member.overlay.report()
    );
    assert!(grown_kib < GROWTH_MAX_KIB);
    // The peer may have two.
    assert!(most_links <= HALF_OPEN_MAX + 2, "{most_links}");
    assert!(most_links > 10, "the flood came through to where it is bounded");
    assert!(rounds > 5);
    for member in [&member, &peer] {
        assert_eq!(member.heard(|event| matches!(event, Event::Disconnected { .. })), 0);
    }
    // Nothing of it is left.
    until("strangers are gone", || member.overlay.report().counts.links == 1).await;
}

/// Each tells the other something, and hears it.
async fn round(one: &Member, two: &Member, number: u64) -> Duration {
    let start = Instant::now();
    let everybody = Recipients { peers: 9, ..Recipients::default() };
    let text = format!("round {number}");
    for member in [one, two] {
        member.overlay.send_gossip(&everybody, text.clone().into());
    }
    let heard = |member: &Member| {
        member.heard(|event| matches!(event, Event::Gossip { bytes, .. } if *bytes == text.as_bytes())) == 1
    };
    until("the round is heard", || heard(one) && heard(two)).await;
    assert!(start.elapsed() < ROUND_MAX, "{:?}", start.elapsed());
    start.elapsed()
}

/// Bytes without sense, and some that look like QUIC at first sight.
async fn garbage(sent: Arc<Sent>, to: SocketAddr, number: u8) {
    let mut sockets = Vec::new();
    for _ in 0..32 {
        sockets.push(socket(Ipv4Addr::new(127, 1, number, 1)).await);
    }
    let mut state = u32::from(number) + 1;
    loop {
        for socket in &sockets {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [first, second, ..] = state.to_be_bytes();
            let length = usize::from(first) * 5 + usize::from(second % 128) + 1;
            let mut bytes: Vec<u8> = (0..length).map(|at| state.to_be_bytes()[at % 3] ^ at.to_be_bytes()[7]).collect();
            if second & 1 != 0 && length > 20 {
                // A long header of the first version, of a first packet or another.
                bytes[..6].copy_from_slice(&[0xc0 | (second & 0x3f), 0, 0, 0, 1, 8]);
            }
            if socket.send_to(&bytes, to).await.is_ok() {
                sent.datagrams.fetch_add(1, Ordering::Relaxed);
            }
        }
        // At most 32,000 a second.
        sleep(Duration::from_millis(1)).await;
    }
}

/// The first packets of connections, as a client of the overlay sends them.
async fn first_packets(count: usize) -> Vec<Vec<Vec<u8>>> {
    let sink = socket(Ipv4Addr::LOCALHOST).await;
    let stranger = Stranger::new();
    let mut all = Vec::new();
    for _ in 0..count {
        let connecting = stranger.begin(address(&sink));
        let mut packets = Vec::new();
        let mut bytes = vec![0; 2_048];
        while let Ok(Ok(length)) = timeout(Duration::from_millis(20), sink.recv(&mut bytes)).await {
            packets.push(bytes[..length].to_vec());
        }
        assert!(packets.len() >= 2, "a hello with the hybrid key has two packets");
        all.push(packets);
        drop(connecting);
        // What it says at its end.
        while timeout(Duration::from_millis(20), sink.recv(&mut bytes)).await.is_ok() {}
    }
    all
}

/// Begins connections from ever other addresses, and never goes on.
async fn beginnings(sent: Arc<Sent>, to: SocketAddr, recorded: Vec<Vec<Vec<u8>>>) {
    let mut address = Ipv4Addr::new(127, 2, 0, 1).to_bits();
    loop {
        for packets in &recorded {
            address += 1;
            let socket = socket(Ipv4Addr::from_bits(address)).await;
            for packet in packets {
                if socket.send_to(packet, to).await.is_ok() {
                    sent.first_packets.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Shows that its address is real, sends its hello, and hears nothing of the answer.
async fn half(sent: Arc<Sent>, to: SocketAddr, number: u8) {
    let stranger = Stranger::new();
    let mut network = 0_u8;
    loop {
        network = network.wrapping_add(1);
        let line = socket(Ipv4Addr::LOCALHOST).await;
        let outside = socket(Ipv4Addr::new(127, 3, network, number)).await;
        let connecting = stranger.begin(address(&line));
        let (mut there, mut back) = (vec![0; 2_048], vec![0; 2_048]);
        let relay = async {
            let mut answered = false;
            loop {
                tokio::select! {
                    Ok((length, _)) = line.recv_from(&mut there) => drop(outside.send_to(&there[..length], to).await),
                    Ok(length) = outside.recv(&mut back), if !answered => {
                        // The one answer that comes through asks it to show its address.
                        answered = true;
                        drop(line.send_to(&back[..length], stranger.address()).await);
                    }
                }
            }
        };
        drop(timeout(Duration::from_millis(300), relay).await);
        sent.half.fetch_add(1, Ordering::Relaxed);
        drop(connecting);
    }
}

/// Makes a whole connection, and says nothing.
async fn silent(sent: Arc<Sent>, to: SocketAddr, number: u8) {
    let stranger = Stranger::at(Ipv4Addr::new(127, 4, 0, number + 1).into());
    loop {
        match timeout(Duration::from_secs(3), stranger.try_connect(to)).await {
            Ok(Ok(connection)) => {
                sent.silent.fetch_add(1, Ordering::Relaxed);
                connection.closed().await;
            }
            // Its place is taken.
            Ok(Err(_)) | Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn socket(ip: Ipv4Addr) -> UdpSocket {
    UdpSocket::bind((ip, 0)).await.expect("an address of loopback")
}

fn address(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().expect("it is bound")
}

/// Memory of this process.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it has memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
