//! Files, TCP ports and signals, by Landlock.

use std::fs;
use std::io;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope, path_beneath_rules,
};

use super::{Layer, Reach};

/// The newest interface whose rights are all handled here; an older kernel handles those it knows.
const NEWEST: ABI = ABI::V6;

/// What a program needs to load libraries, resolve names, check certificates and read the clock's
/// zone; that which is not there is left out.
const SYSTEM_READ: [&str; 20] = [
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/ld.so.cache",
    "/dev/urandom",
    "/dev/null",
];
/// Often a link into a folder of its own.
const RESOLVER: &str = "/etc/resolv.conf";
/// Names are asked for over TCP too.
const DNS_PORT: u16 = 53;

/// Confines this thread and those it starts; returns the layers the kernel lacks.
pub(super) fn confine(reach: &Reach) -> io::Result<Vec<Layer>> {
    let status = rules(reach)
        .and_then(RulesetCreated::restrict_self)
        .map_err(io::Error::other)?;
    let abi = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi,
        _ => ABI::Unsupported,
    };
    Ok(missing(abi))
}

/// Layers by the version of the interface that brought them.
fn missing(abi: ABI) -> Vec<Layer> {
    [
        (ABI::V1, Layer::Files),
        (ABI::V4, Layer::Network),
        (ABI::V6, Layer::Signals),
    ]
    .into_iter()
    .filter_map(|(since, layer)| (abi < since).then_some(layer))
    .collect()
}

fn rules(reach: &Reach) -> Result<RulesetCreated, landlock::RulesetError> {
    let resolver = fs::canonicalize(RESOLVER).ok();
    let system = SYSTEM_READ.iter().map(PathBuf::from).chain(resolver);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let list: BitFlags<AccessFs> = AccessFs::ReadDir.into();
    let mut ports = reach.ports.clone();
    ports.push(DNS_PORT);
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(system, read))?
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))?
        .add_rules(path_beneath_rules(&reach.read, read))?
        .add_rules(path_beneath_rules(&reach.list, list))?
        .add_rules(
            ports.into_iter().map(|port| {
                Ok::<_, landlock::RulesetError>(NetPort::new(port, AccessNet::ConnectTcp))
            }),
        )
}
