//! How legs move: a foot follows the ground while it carries and swings forward when it does not. A lame leg
//! carries for a shorter part of the stride, is put down short, and the body rises over it.

use super::{Who, canvas::Point};

/// Which leg is spared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lame {
    /// Left hind. The left side is the far one.
    LeftHind,
    /// Right hind. The right side faces the viewer.
    RightHind,
    /// Right fore.
    RightFore,
    /// None.
    None,
}

/// Length of a stride in body heights.
pub fn stride(who: Who) -> f32 {
    match who {
        Who::Horse => 0.85,
        Who::Rabbit => 0.9,
        Who::Dog | Who::Cat => 0.8,
    }
}

/// Strides a second.
pub fn cadence(who: Who) -> f32 {
    match who {
        Who::Horse => 0.8,
        Who::Dog => 1.15,
        Who::Cat | Who::Rabbit => 1.3,
    }
}

/// A foot relative to the spot on the ground under its hip or shoulder, in body heights: forward and up.
pub struct Foot {
    /// Forward of the hip.
    pub forward: f32,
    /// Above the ground.
    pub up: f32,
}

/// Where a foot is at `phase` of its stride (0 to 1, 0 is when it is put down).
pub fn foot(who: Who, phase: f32, lameness: f32) -> Foot {
    let reach = stride(who) * 0.5 * (1.0 - 0.45 * lameness);
    let carrying = 0.62 - 0.30 * lameness;
    let phase = phase.rem_euclid(1.0);
    if phase < carrying {
        let share = phase / carrying;
        // On its toes only: a spared foot never quite comes down flat.
        let up = 0.02 * lameness;
        Foot { forward: reach * (1.0 - 2.0 * share), up }
    } else {
        let share = (phase - carrying) / (1.0 - carrying);
        let eased = share * share * (3.0 - 2.0 * share);
        let lift = (share * std::f32::consts::PI).sin() * (0.11 + 0.10 * lameness);
        Foot { forward: reach * (2.0 * eased - 1.0), up: lift + 0.02 * lameness }
    }
}

/// The joint between `hip` and `foot` for bones of these lengths, bent forward (`1.0`) or back (`-1.0`).
pub fn joint(hip: Point, foot: Point, bones: (f32, f32), bend: f32) -> Point {
    let (dx, dy) = (foot.0 - hip.0, foot.1 - hip.1);
    let distance = dx.hypot(dy).max(1e-3);
    let reach = distance.clamp((bones.0 - bones.1).abs() + 1e-3, bones.0 + bones.1 - 1e-3);
    let along = (bones.0 * bones.0 - bones.1 * bones.1 + reach * reach) / (2.0 * reach);
    let off = (bones.0 * bones.0 - along * along).max(0.0).sqrt() * bend;
    let (ux, uy) = (dx / distance, dy / distance);
    (hip.0 + ux * along + uy * off, hip.1 + uy * along - ux * off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spared_leg_carries_shorter_and_never_comes_down_flat() {
        let heights = |lameness| (0..100_u8).map(move |i| foot(Who::Dog, f32::from(i) / 100.0, lameness).up);
        let carries = |lameness| {
            let lowest = heights(lameness).fold(1.0, f32::min);
            heights(lameness).filter(|up| (up - lowest).abs() < 1e-6).count()
        };
        assert!(carries(0.6) + 10 < carries(0.0));
        assert!(heights(0.6).all(|up| up > 0.0));
    }

    #[test]
    fn a_joint_is_one_bone_away_from_both_ends() {
        let knee = joint((0.0, 0.0), (3.0, 8.0), (5.0, 5.0), 1.0);
        assert!((knee.0.hypot(knee.1) - 5.0).abs() < 1e-3);
        assert!(((knee.0 - 3.0).hypot(knee.1 - 8.0) - 5.0).abs() < 1e-3);
    }
}
