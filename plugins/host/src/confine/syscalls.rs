//! System calls that no source needs and an attacker would like, by seccomp.

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::Layer;

/// Refused whatever their arguments: other programs, other processes, listening, mounts and
/// namespaces, kernel features with a history of holes.
const REFUSED: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_acct,
    libc::SYS_syslog,
];

/// Flags of `clone` that make namespaces.
const NAMESPACE_FLAGS: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// Kinds of sockets a source has a use for; local ones would reach the daemon's own.
const SOCKET_DOMAINS: [i32; 3] = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// Set in the numbers of the second set of calls that some kernels have on this architecture.
#[cfg(target_arch = "x86_64")]
const OTHER_NUMBERS: Option<c_long> = Some(0x4000_0000);
#[cfg(not(target_arch = "x86_64"))]
const OTHER_NUMBERS: Option<c_long> = None;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Confines this thread and those it starts; returns the layer where the kernel lacks it.
pub(super) fn confine() -> io::Result<Option<Layer>> {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else {
        return Ok(Some(Layer::SystemCalls));
    };
    // The arguments of this call lie in memory, where no filter can look; the library falls back
    // to `clone` when it seems not to be there.
    let no_clone3 = program(arch, all_of(&[libc::SYS_clone3]), libc::ENOSYS)?;
    let refused = program(arch, refused_rules()?, libc::EPERM)?;
    for program in [no_clone3, refused] {
        match apply_filter(&program) {
            Ok(()) => {}
            Err(seccompiler::Error::Prctl(_) | seccompiler::Error::Seccomp(_)) => {
                return Ok(Some(Layer::SystemCalls));
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(None)
}

fn program(arch: TargetArch, rules: Rules, errno: i32) -> io::Result<BpfProgram> {
    let errno = u32::try_from(errno).map_err(io::Error::other)?;
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(errno),
        arch,
    )
    .and_then(BpfProgram::try_from)
    .map_err(io::Error::other)
}

fn all_of(calls: &[c_long]) -> Rules {
    let numbers = calls.iter().copied();
    let others = numbers
        .clone()
        .filter_map(|call| Some(call | OTHER_NUMBERS?));
    numbers
        .chain(others)
        .map(|call| (call, Vec::new()))
        .collect()
}

fn refused_rules() -> io::Result<Rules> {
    let mut rules = all_of(REFUSED);
    let namespaces: Vec<SeccompRule> = NAMESPACE_FLAGS
        .into_iter()
        .map(|flag| {
            let flag = u64::from(flag.cast_unsigned());
            rule(vec![condition(SeccompCmpOp::MaskedEq(flag), flag)?])
        })
        .collect::<io::Result<_>>()?;
    rules.insert(libc::SYS_clone, namespaces);
    let other_domain = SOCKET_DOMAINS
        .into_iter()
        .map(|domain| condition(SeccompCmpOp::Ne, u64::from(domain.cast_unsigned())))
        .collect::<io::Result<_>>()?;
    rules.insert(libc::SYS_socket, vec![rule(other_domain)?]);
    Ok(rules)
}

/// A condition on the first argument.
fn condition(op: SeccompCmpOp, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(0, SeccompCmpArgLen::Dword, op, value).map_err(io::Error::other)
}

fn rule(conditions: Vec<SeccompCondition>) -> io::Result<SeccompRule> {
    SeccompRule::new(conditions).map_err(io::Error::other)
}
