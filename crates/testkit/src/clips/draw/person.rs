//! A person walking to the right, seen from the side.

use std::f32::consts::TAU;

use super::{Doing, Lame, Scene, Who, canvas::Canvas, gait, place::View, shade};

const SKIN: [u8; 3] = [206, 164, 132];
const TROUSERS: [u8; 3] = [70, 82, 104];

/// Draws the person; one that rests stands and breathes.
pub fn draw(canvas: &mut Canvas, view: View, scene: &Scene, seconds: f32) {
    // A person is taller than an animal's back: the same picture holds 1.25 body heights.
    let view = View { unit: view.unit * 1.25, ..view };
    let (strides, lame, much) = match scene.doing {
        Doing::Walking(lame, much) => (seconds * gait::cadence(Who::Person), lame, much),
        Doing::Resting(_) => (0.0, Lame::None, 0.0),
    };
    let breath = match scene.doing {
        Doing::Resting(rate) => (seconds * rate / 60.0 * TAU).sin() * 0.008,
        Doing::Walking(..) => 0.0,
    };
    let spared = |left: bool| match lame {
        Lame::LeftHind => f32::from(u8::from(left)) * much,
        Lame::RightHind | Lame::RightFore => f32::from(u8::from(!left)) * much,
        Lame::None => 0.0,
    };
    let beat = |left: bool| if left { 0.0 } else { 0.5 };
    // The trunk leans over the sore leg while it carries and drops after it.
    let drop = [true, false]
        .map(|left| ((strides - beat(left)) * TAU).sin().max(0.0) * spared(left) * 0.03)
        .into_iter()
        .sum::<f32>();
    let bob = (strides * 2.0 * TAU).sin() * 0.008;
    let hip = (0.0, 0.47 + bob - drop);
    let neck = (0.03 + drop * 1.5, 0.82 + bob - drop + breath);
    canvas.ellipse(view.at(0.0, -0.01), (view.unit * 0.3, view.unit * 0.03), 0.0, [150, 142, 124]);
    let leg = |canvas: &mut Canvas, left: bool| {
        let foot = gait::foot(Who::Person, strides - beat(left), spared(left));
        let ink = if left { shade(TROUSERS, 0.75) } else { TROUSERS };
        let (top, ankle) = (view.at(hip.0, hip.1), view.at(hip.0 + foot.forward, foot.up + 0.035));
        let bone = view.unit * 0.245;
        let knee = gait::joint(top, ankle, (bone, bone), -1.0);
        canvas.limb((top, view.unit * 0.06), (knee, view.unit * 0.042), ink);
        canvas.limb((knee, view.unit * 0.042), (ankle, view.unit * 0.028), ink);
        let toe = (ankle.0 + view.unit * 0.075, ankle.1 + view.unit * 0.012);
        canvas.limb((ankle, view.unit * 0.028), (toe, view.unit * 0.018), [58, 48, 44]);
    };
    let arm = |canvas: &mut Canvas, left: bool| {
        let swing = ((strides - beat(left)) * TAU).cos() * -0.13;
        let ink = if left { shade(scene.coat, 0.72) } else { shade(scene.coat, 0.9) };
        let (top, hand) = (view.at(neck.0, neck.1 - 0.05), view.at(neck.0 + swing, neck.1 - 0.36));
        let bone = view.unit * 0.165;
        let elbow = gait::joint(top, hand, (bone, bone), 1.0);
        canvas.limb((top, view.unit * 0.042), (elbow, view.unit * 0.034), ink);
        canvas.limb((elbow, view.unit * 0.034), (hand, view.unit * 0.026), ink);
        canvas.disc(hand, view.unit * 0.028, SKIN);
    };
    arm(canvas, true);
    leg(canvas, true);
    leg(canvas, false);
    let (top, bottom) = (view.at(neck.0, neck.1 - 0.04), view.at(hip.0, hip.1 + 0.02));
    canvas.limb((top, view.unit * (0.085 + breath)), (bottom, view.unit * 0.075), scene.coat);
    canvas.limb((top, view.unit * 0.04), (view.at(neck.0 + 0.015, neck.1 + 0.08), view.unit * 0.035), SKIN);
    canvas.ellipse(
        view.at(neck.0 + 0.005, neck.1 + 0.01),
        (view.unit * 0.06, view.unit * 0.022),
        0.1,
        scene.collar,
    );
    let face = (neck.0 + 0.03, neck.1 + 0.13);
    canvas.ellipse(view.at(face.0, face.1), (view.unit * 0.062, view.unit * 0.08), 0.0, SKIN);
    canvas.disc(view.at(face.0 + 0.064, face.1 - 0.01), view.unit * 0.014, SKIN);
    canvas.ellipse(
        view.at(face.0 - 0.018, face.1 + 0.035),
        (view.unit * 0.066, view.unit * 0.06),
        -0.3,
        [84, 62, 50],
    );
    canvas.disc(view.at(face.0 + 0.038, face.1 + 0.004), view.unit * 0.008, [36, 30, 28]);
    arm(canvas, false);
}
