//! Ports for processes that bind them later than they are told of them.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result};

/// Below those that the kernel gives to outgoing connections, which begin at 32768.
const FIRST: u32 = 20_000;
/// How many there are.
const COUNT: u32 = 12_000;

/// Processes that look for ports at the same time begin in different places.
static NEXT: LazyLock<AtomicU32> =
    LazyLock::new(|| AtomicU32::new(process::id().wrapping_mul(97) % COUNT));

/// A port that nothing listens on, and that nobody else in this process is given: between telling
/// a handler its port and its binding it, another handler must not get the same.
///
/// # Errors
/// When every port is taken.
pub fn free_port() -> Result<u16> {
    let free = (0..COUNT).find_map(|_| {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = u16::try_from(port).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok().map(|_| port)
    });
    free.context("every port from 20000 to 31999 is taken")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_is_given_a_port_twice() {
        let ports: BTreeSet<_> = (0..200).map(|_| free_port().expect("a port")).collect();
        assert_eq!(ports.len(), 200);
    }
}
