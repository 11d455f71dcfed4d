//! Where teams or agents lie, as a funnel.

use crate::chart::{FunnelBand, FunnelFigure, FunnelLimits, FunnelMember, Naming};
use crate::coach::{Band, Level};
use crate::kpi::Colleagues;

/// Sizes at which the limits are drawn.
const SIZES: u32 = 48;
/// Least size of the limits: below, they are as wide as the scale.
const N_LEAST: f64 = 5.0;

/// Returns the points and their limits; agents have no names in any picture.
pub(super) fn figure(found: &Colleagues) -> FunnelFigure {
    let percent = |share: f64| 100.0 * share;
    let ends = |(low, high): (f64, f64)| (percent(low), percent(high));
    let n_most = found.members.iter().map(|member| member.n).max();
    let limits = |n: f64| FunnelLimits {
        n,
        warning: ends(found.funnel.limits(n, Level::Inner)),
        action: ends(found.funnel.limits(n, Level::Outer)),
    };
    let real = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let most = n_most.map_or(N_LEAST, |n| 1.03 * real(n));
    let growth = (most.max(N_LEAST + 1.0) / N_LEAST).powf(1.0 / f64::from(SIZES - 1));
    FunnelFigure {
        members: found
            .members
            .iter()
            .map(|member| FunnelMember {
                name: member.name.clone(),
                n: member.n,
                value: percent(member.rate),
                band: match member.band {
                    Band::Above => FunnelBand::Above,
                    Band::Below => FunnelBand::Below,
                    Band::Within | Band::NotEnough => FunnelBand::Within,
                },
                is_own: member.is_own,
            })
            .collect(),
        centre: percent(found.funnel.centre),
        limits: (0..SIZES)
            .map(|step| limits(N_LEAST * growth.powf(f64::from(step))))
            .collect(),
        naming: match found.are_teams {
            true => Naming::Names,
            false => Naming::Bands,
        },
    }
}
