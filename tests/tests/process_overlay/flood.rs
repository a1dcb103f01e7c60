//! [`Flood`]: strangers without a certificate, who send as much as they can.

use crate::stranger::Stranger;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Garbage, first packets of connections, handshakes that end in the middle, and connections without a certificate, from
/// thousands of addresses.
pub(crate) struct Flood {
    sent: Arc<Sent>,
    strangers: JoinSet<()>,
}

/// What was sent.
#[derive(Debug, Default)]
struct Sent {
    datagrams: AtomicU64,
    first_packets: AtomicU64,
    half: AtomicU64,
    silent: AtomicU64,
}

impl Flood {
    /// Begins to flood whoever listens there.
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let sent = Arc::new(Sent::default());
        let recorded = first_packets(32).await;
        let mut strangers = JoinSet::new();
        for number in 0..2 {
            strangers.spawn(garbage(Arc::clone(&sent), to, number));
        }
        strangers.spawn(beginnings(Arc::clone(&sent), to, recorded));
        for number in 0..64 {
            strangers.spawn(half(Arc::clone(&sent), to, number));
            strangers.spawn(silent(Arc::clone(&sent), to, number));
        }
        Self { sent, strangers }
    }

    /// Ends it, and says what was sent; fails where that was little.
    pub(crate) async fn stop(mut self) -> String {
        self.strangers.shutdown().await;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let said = format!("{:?}", self.sent);
        assert!(read(&self.sent.datagrams) > 10_000 && read(&self.sent.first_packets) > 1_000, "{said}");
        assert!(read(&self.sent.half) > 50 && read(&self.sent.silent) > 20, "{said}");
        said
    }
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
