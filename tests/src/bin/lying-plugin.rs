//! Stands between a host of ZAP and a real plugin, and changes one byte of every answer of one type: what compares plugins
//! has to notice.

use anyhow::{Context as _, Result, bail};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Command, ExitCode};

/// Where hosts of ZAP say that they wait.
const HOST: [&str; 2] = ["VM_RUNTIME_ENGINE_ADDR", "LUX_VM_RUNTIME_ENGINE_ADDR"];
/// Set in the type of every answer.
const REPLY: u8 = 0x80;
const ID_BYTES: usize = 4;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [real, kind, offset] = arguments.as_slice() else { bail!("usage: lying-plugin PLUGIN TYPE OFFSET") };
    let (kind, offset): (u8, usize) = (kind.parse()?, offset.parse()?);
    let host = HOST.iter().find_map(|name| std::env::var(name).ok()).context("a host")?;

    // Towards the plugin this is the host.
    let waiting = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let here = waiting.local_addr()?.to_string();
    let mut plugin = Command::new(real).envs(HOST.map(|name| (name, &here))).spawn()?;
    let (mut greeting, _) = waiting.accept()?;
    let (number, address) = hello(&mut greeting)?;
    greeting.write_all(&[1])?;

    // Towards the host it is the plugin.
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let here = listening.local_addr()?.to_string();
    let mut announcing = TcpStream::connect(host)?;
    announcing.write_all(&(u32::try_from(here.len())? + 4).to_be_bytes())?;
    announcing.write_all(&number)?;
    announcing.write_all(here.as_bytes())?;
    announcing.read_exact(&mut [0; 1])?;

    let (mut to_host, _) = listening.accept()?;
    let mut from_plugin = TcpStream::connect(address)?;
    let (mut from_host, mut to_plugin) = (to_host.try_clone()?, from_plugin.try_clone()?);
    drop(std::thread::spawn(move || {
        // Its end is the end of the other way too.
        drop(std::io::copy(&mut from_host, &mut to_plugin));
        drop(to_plugin.shutdown(Shutdown::Write));
    }));
    while let Some((answered, mut payload)) = frame(&mut from_plugin)? {
        if answered == kind | REPLY
            && let Some(byte) = payload.get_mut(ID_BYTES + offset)
        {
            *byte ^= 1;
        }
        to_host.write_all(&u32::try_from(payload.len())?.to_be_bytes())?;
        to_host.write_all(&[answered])?;
        to_host.write_all(&payload)?;
    }
    drop(to_host);
    let code = plugin.wait()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A plugin's number, as its bytes are, and its address.
fn hello(stream: &mut TcpStream) -> Result<([u8; 4], String)> {
    let (mut length, mut number) = ([0; 4], [0; 4]);
    stream.read_exact(&mut length)?;
    stream.read_exact(&mut number)?;
    let length = usize::try_from(u32::from_be_bytes(length))?.checked_sub(number.len()).context("an address")?;
    let mut address = vec![0; length];
    stream.read_exact(&mut address)?;
    Ok((number, String::from_utf8(address)?))
}

/// Type and payload of the next frame; none at the end.
fn frame(stream: &mut TcpStream) -> Result<Option<(u8, Vec<u8>)>> {
    let mut head = [0; 5];
    match stream.read_exact(&mut head) {
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => return Ok(None),
        read => read?,
    }
    let [length @ .., kind] = head;
    let mut payload = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    stream.read_exact(&mut payload)?;
    Ok(Some((kind, payload)))
}
