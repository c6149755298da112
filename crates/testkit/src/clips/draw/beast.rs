//! An animal on four legs, from the side, walking to the right; or lying down and breathing.

use std::f32::consts::TAU;

use super::{
    Doing, Lame, Scene, Who,
    canvas::{Canvas, Colour, Point},
    gait,
    place::View,
    shade,
};

/// Proportions in body heights (height of the back).
struct Build {
    /// Height of the hip and of the shoulder.
    back: f32,
    /// Between hip and shoulder.
    length: f32,
    /// Radii of the belly at the hip and at the chest.
    girth: (f32, f32),
    /// Radii of a leg at the top and at the foot.
    leg: (f32, f32),
    /// From the shoulder to the head: forward and up.
    neck: (f32, f32),
    /// Radius of the skull; length of the muzzle.
    head: (f32, f32),
    /// Length of an ear; upright is positive, hanging negative.
    ear: f32,
    /// Length of the tail and how far up it points.
    tail: (f32, f32),
    /// When each foot is put down, in strides: left hind, right hind, left fore, right fore.
    beat: [f32; 4],
}

const DOG: Build = Build {
    back: 0.72,
    length: 0.78,
    girth: (0.13, 0.185),
    leg: (0.085, 0.032),
    neck: (0.22, 0.25),
    head: (0.115, 0.17),
    ear: -0.17,
    tail: (0.36, 0.28),
    beat: [0.0, 0.5, 0.25, 0.75],
};
const CAT: Build = Build {
    back: 0.6,
    length: 0.68,
    girth: (0.13, 0.14),
    leg: (0.07, 0.03),
    neck: (0.15, 0.19),
    head: (0.105, 0.06),
    ear: 0.1,
    tail: (0.5, 0.42),
    beat: [0.0, 0.5, 0.25, 0.75],
};
const RABBIT: Build = Build {
    back: 0.46,
    length: 0.4,
    girth: (0.24, 0.17),
    leg: (0.09, 0.04),
    neck: (0.14, 0.17),
    head: (0.11, 0.07),
    ear: 0.3,
    tail: (0.05, 0.03),
    beat: [0.0, 0.06, 0.45, 0.52],
};
const HORSE: Build = Build {
    back: 0.82,
    length: 0.72,
    girth: (0.16, 0.18),
    leg: (0.085, 0.03),
    neck: (0.32, 0.38),
    head: (0.085, 0.24),
    ear: 0.08,
    tail: (0.42, -0.36),
    beat: [0.0, 0.5, 0.25, 0.75],
};

fn build(who: Who) -> &'static Build {
    match who {
        Who::Cat => &CAT,
        Who::Rabbit => &RABBIT,
        Who::Horse => &HORSE,
        Who::Dog => &DOG,
    }
}

/// Draws the animal.
pub fn draw(canvas: &mut Canvas, view: View, scene: &Scene, seconds: f32) {
    let build = build(scene.who);
    match scene.doing {
        Doing::Walking(lame, much) => walking(canvas, view, scene, build, (lame, much), seconds),
        Doing::Resting(rate) => resting(canvas, view, scene, build, seconds * rate / 60.0),
    }
}

fn walking(
    canvas: &mut Canvas,
    view: View,
    scene: &Scene,
    build: &Build,
    (lame, much): (Lame, f32),
    seconds: f32,
) {
    let strides = seconds * gait::cadence(scene.who);
    let lameness = |leg: usize| match (lame, leg) {
        (Lame::LeftHind, 0) | (Lame::RightHind, 1) | (Lame::RightFore, 3) => much,
        _ => 0.0,
    };
    let feet: Vec<gait::Foot> = build
        .beat
        .iter()
        .enumerate()
        .map(|(leg, beat)| gait::foot(scene.who, strides - beat, lameness(leg)))
        .collect();
    let bob = (strides * 2.0 * TAU).sin() * 0.012;
    // The pelvis rises while the sore hind leg should carry; the head rises over a sore fore leg.
    let rise = |beat: f32| ((strides - beat - 0.15) * TAU).cos().max(0.0) * 0.085 * much;
    let (hip_rise, head_rise) = match lame {
        Lame::LeftHind => (rise(0.0), -rise(0.0) * 0.5),
        Lame::RightHind => (rise(0.5), -rise(0.5) * 0.5),
        Lame::RightFore => (0.0, rise(0.75) * 1.4),
        Lame::None => (0.0, 0.0),
    };
    let hop = if scene.who == Who::Rabbit { (strides * TAU).sin().max(0.0) * 0.1 } else { 0.0 };
    let hip = (-build.length / 2.0, build.back + bob + hip_rise + hop);
    let shoulder = (build.length / 2.0, build.back - bob + hop);
    shadow(canvas, view, build.length * 0.75);
    let leg_of = |canvas: &mut Canvas, leg: usize| {
        let Some(foot) = feet.get(leg) else { return };
        let top = if leg < 2 { hip } else { shoulder };
        let far = leg.is_multiple_of(2);
        let ink = if far { shade(scene.coat, 0.68) } else { shade(scene.coat, 0.92) };
        let offset = if far { 0.05 } else { -0.01 };
        let girth = if leg < 2 { build.girth.0 } else { build.girth.1 };
        let from = (top.0 + offset, top.1 - girth * 0.35);
        let to = (top.0 + offset + foot.forward, foot.up + build.leg.1);
        limb(canvas, view, build, (from, to), if leg < 2 { 1.0 } else { -1.0 }, ink);
    };
    leg_of(canvas, 0);
    leg_of(canvas, 2);
    tail(canvas, view, scene, build, hip, (strides * TAU).sin());
    trunk(canvas, view, scene, build, (hip, shoulder), 0.0);
    leg_of(canvas, 1);
    leg_of(canvas, 3);
    let nod = (strides * 2.0 * TAU).cos() * 0.015 + head_rise;
    head(canvas, view, scene, build, (shoulder.0, shoulder.1 + nod));
}

fn resting(canvas: &mut Canvas, view: View, scene: &Scene, build: &Build, breaths: f32) {
    let breath = (breaths * TAU).sin().max(-0.6) * 0.03;
    let low = build.girth.1 * 1.02;
    let (hip, shoulder) = ((-build.length / 2.0, low), (build.length / 2.0, low));
    shadow(canvas, view, build.length * 0.8);
    let dark = shade(scene.coat, 0.84);
    for (from, to) in [(hip, (hip.0 + 0.3, 0.05)), (shoulder, (shoulder.0 + 0.3, 0.045))] {
        canvas.limb(
            (view.at(from.0, from.1 - 0.06), view.unit * build.leg.0),
            (view.at(to.0, to.1), view.unit * build.leg.1 * 1.2),
            dark,
        );
    }
    tail(canvas, view, scene, build, (hip.0, hip.1 - 0.04), 0.0);
    trunk(canvas, view, scene, build, (hip, shoulder), breath);
    head(canvas, view, scene, build, (shoulder.0, shoulder.1 + breath * 0.4));
}

fn shadow(canvas: &mut Canvas, view: View, half: f32) {
    canvas.ellipse(view.at(0.0, -0.015), (view.unit * half, view.unit * 0.045), 0.0, [150, 142, 124]);
}

fn limb(canvas: &mut Canvas, view: View, build: &Build, (from, to): (Point, Point), bend: f32, ink: Colour) {
    let (hip, foot) = (view.at(from.0, from.1), view.at(to.0, to.1));
    let whole = (from.1 - build.leg.1) * view.unit;
    let knee = gait::joint(hip, foot, (whole * 0.53, whole * 0.56), bend);
    let (top, end) = (view.unit * build.leg.0, view.unit * build.leg.1);
    let middle = top.mul_add(0.45, end * 0.55);
    canvas.limb((hip, top), (knee, middle), ink);
    canvas.limb((knee, middle), (foot, end), ink);
    let toe = (foot.0 + end * 1.3, foot.1 + end * 0.25);
    canvas.limb((foot, end), (toe, end * 0.7), shade(ink, 0.9));
}

fn trunk(canvas: &mut Canvas, view: View, scene: &Scene, build: &Build, ends: (Point, Point), breath: f32) {
    let (hip, shoulder) = ends;
    let at = |p: Point, girth: f32| view.at(p.0, p.1 - girth * 0.3);
    let (rear, front) = (at(hip, build.girth.0), at(shoulder, build.girth.1));
    let (thin, thick) = (view.unit * build.girth.0, view.unit * (build.girth.1 + breath));
    canvas.limb((rear, thin), (front, thick), scene.coat);
    // A lighter belly and a darker back give it a body.
    let (dx, dy) = (front.0 - rear.0, front.1 - rear.1);
    let middle = (rear.0 + dx * 0.6, rear.1 + dy * 0.6);
    let angle = dy.atan2(dx);
    canvas.ellipse(
        (middle.0, middle.1 + thin * 0.55 + view.unit * breath),
        (dx.hypot(dy) * 0.42, thick * 0.36),
        angle,
        shade(scene.coat, 1.13),
    );
}

fn tail(canvas: &mut Canvas, view: View, scene: &Scene, build: &Build, hip: Point, swing: f32) {
    let root = (hip.0 - build.girth.0 * 0.8, hip.1 - 0.01);
    let tip = (root.0 - build.tail.0 * 0.72, root.1 + build.tail.1 + swing * 0.035);
    let middle = (root.0 - build.tail.0 * 0.5, root.1 + build.tail.1 * 0.25);
    let ink = shade(scene.coat, 0.86);
    let thick = view.unit * 0.04;
    canvas.limb((view.at(root.0, root.1), thick), (view.at(middle.0, middle.1), thick * 0.8), ink);
    canvas.limb((view.at(middle.0, middle.1), thick * 0.8), (view.at(tip.0, tip.1), thick * 0.5), ink);
}

fn head(canvas: &mut Canvas, view: View, scene: &Scene, build: &Build, shoulder: Point) {
    let unit = view.unit;
    let skull = (shoulder.0 + build.neck.0, shoulder.1 + build.neck.1 - build.girth.1 * 0.2);
    let (radius, muzzle) = build.head;
    let neck_from = view.at(shoulder.0 + 0.02, shoulder.1 - build.girth.1 * 0.15);
    let middle = view.at(skull.0, skull.1);
    canvas.limb((neck_from, unit * build.girth.1 * 0.72), (middle, unit * radius * 0.85), scene.coat);
    let band = (neck_from.0 * 0.45 + middle.0 * 0.55, neck_from.1 * 0.45 + middle.1 * 0.55);
    let lean = (middle.1 - neck_from.1).atan2(middle.0 - neck_from.0);
    let width = unit * (build.girth.1 * 0.34 + radius * 0.46);
    canvas.ellipse(band, (unit * 0.028, width), lean, scene.collar);
    // A horse's far ear and a rabbit's are seen behind the near one.
    ear(canvas, view, scene, build, (skull.0 + 0.05, skull.1), 0.72);
    let nose = view.at(skull.0 + radius * 0.5 + muzzle, skull.1 - radius * 0.35 - muzzle * 0.3);
    let jaw = unit * radius * 0.52;
    canvas.limb((middle, unit * radius * 0.8), (nose, jaw), shade(scene.coat, 1.06));
    canvas.disc(middle, unit * radius, scene.coat);
    canvas.disc((nose.0 + jaw * 0.75, nose.1 - jaw * 0.35), jaw * 0.42, [44, 38, 36]);
    let eye = view.at(skull.0 + radius * 0.5, skull.1 + radius * 0.22);
    canvas.disc(eye, unit * 0.021, [36, 30, 28]);
    canvas.disc((eye.0 + unit * 0.006, eye.1 - unit * 0.006), unit * 0.006, [240; 3]);
    ear(canvas, view, scene, build, skull, 0.82);
}

fn ear(canvas: &mut Canvas, view: View, scene: &Scene, build: &Build, skull: Point, light: f32) {
    let radius = build.head.0;
    let root = view.at(skull.0 - radius * 0.35, skull.1 + radius * 0.55);
    let tip = if build.ear < 0.0 {
        view.at(skull.0 - radius * 0.75, skull.1 + radius * 0.5 + build.ear)
    } else {
        view.at(skull.0 - radius * 0.65, skull.1 + radius * 0.75 + build.ear)
    };
    let ink = shade(scene.coat, light);
    let (broad, fine) = if build.ear < 0.0 { (0.36, 0.42) } else { (0.38, 0.12) };
    let long = if build.ear > 0.2 { 0.3 } else { fine };
    canvas.limb((root, view.unit * radius * broad), (tip, view.unit * radius * long), ink);
}
