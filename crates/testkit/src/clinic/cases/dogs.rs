//! Dogs: lame, recovering, young, old.

use limpet_model::Sex::{FemaleNeutered, Male, MaleNeutered};

use super::{at, clip, film, owner};
use crate::{
    clinic::script::{
        Animal, Case, DAY, HOUR,
        Sent::Still,
        Staff::{Jonas, Maya, Priya, Tom},
        What::{Answer, Assigned, Client, Note, Opened, Read, Seen},
    },
    clips::{Doing, Lame, Who},
};

pub(super) fn biscuit() -> Case {
    Case {
        owner: owner(
            "Anna Whitfield",
            "anna.whitfield@example.com",
            "(970) 555-0101",
            "8 Cedar Court\nFort Collins, CO 80521",
        ),
        animal: Animal {
            name: "Biscuit",
            kind: ("Dog", "Beagle"),
            sex: FemaleNeutered,
            born: "2016-05-03",
            colour: "Tan and white",
            weight_kg: 12.4,
            alert: "Penicillin: hives in 2021",
        },
        subject: "Limping after walks",
        events: vec![
            at(67, Opened(Tom)),
            at(
                66,
                Client(
                    "Good morning. Since Sunday Biscuit limps on a back leg, but only once we are home from the walk. By the time you look at her she is always fine again!",
                    vec![],
                ),
            ),
            at(
                64,
                Client(
                    "She is doing it right now, so I filmed her coming down the path.",
                    clip(film(
                        "IMG_0412.MP4",
                        8,
                        Who::Dog,
                        Doing::Walking(Lame::RightHind, 0.6),
                        [188, 134, 84],
                        [24, 104, 108],
                    )),
                ),
            ),
        ],
    }
}

pub(super) fn otis() -> Case {
    Case {
        owner: owner(
            "Grace Pham",
            "grace.pham@example.com",
            "(970) 555-0140",
            "1709 Ridge Road\nLoveland, CO 80538",
        ),
        animal: Animal {
            name: "Otis",
            kind: ("Dog", "Labrador Retriever"),
            sex: MaleNeutered,
            born: "2019-11-30",
            colour: "Black",
            weight_kg: 34.8,
            alert: "Takes food from hands fast: use a bowl",
        },
        subject: "Knee surgery, day 10",
        events: vec![
            at(3 * DAY, Opened(Priya)),
            at(
                3 * DAY - 2,
                Answer(
                    Priya,
                    "Hi Grace, please send us one clip of Otis on the lead, walking past you from the side, on day 10. Slow is fine.",
                    vec![],
                ),
            ),
            at(3 * DAY - 30, Read),
            at(
                5 * HOUR,
                Client(
                    "Day 10! He puts the foot down at nearly every step now.",
                    clip(film(
                        "otis_day10.mp4",
                        6,
                        Who::Dog,
                        Doing::Walking(Lame::RightHind, 0.3),
                        [52, 50, 52],
                        [200, 92, 40],
                    )),
                ),
            ),
            at(4 * HOUR + 40, Assigned(Priya, Maya)),
            at(
                4 * HOUR + 38,
                Note(
                    Priya,
                    "Compare with the clip of day 3: there he carried it. Stitches out is booked for Monday 9:20.",
                ),
            ),
            at(
                3 * HOUR,
                Answer(
                    Maya,
                    "That is what we hope to see on day 10. He still takes a shorter step on the right, which is normal until week six. Lead only, no stairs, and please no jumping into the car yet.",
                    vec![Still(66, "Right hind on the ground, short step")],
                ),
            ),
            at(2 * HOUR + 50, Read),
        ],
    }
}

pub(super) fn archie() -> Case {
    Case {
        owner: owner(
            "Wendell Hughes",
            "wendell.hughes@example.com",
            "(970) 555-0185",
            "260 Terry Lake Road\nFort Collins, CO 80524",
        ),
        animal: Animal {
            name: "Archie",
            kind: ("Dog", "Jack Russell Terrier"),
            sex: MaleNeutered,
            born: "2017-10-02",
            colour: "White, brown head",
            weight_kg: 7.1,
            alert: "Bites when his paws are held",
        },
        subject: "Skips a step now and then",
        events: vec![
            at(24, Opened(Tom)),
            at(
                22,
                Client(
                    "Every few yards Archie skips with a hind leg for one step and then runs on as if nothing had happened. My neighbour says that is a kneecap?",
                    clip(film(
                        "archie_skip.mp4",
                        5,
                        Who::Dog,
                        Doing::Walking(Lame::RightHind, 0.8),
                        [226, 220, 208],
                        [180, 50, 40],
                    )),
                ),
            ),
        ],
    }
}

pub(super) fn bruno() -> Case {
    let mut upright = film(
        "PXL_20251121_183502.mp4",
        6,
        Who::Dog,
        Doing::Walking(Lame::LeftHind, 0.45),
        [74, 56, 48],
        [190, 40, 52],
    );
    upright.portrait = true;
    Case {
        owner: owner(
            "Marcus Bell",
            "marcus.bell@example.com",
            "(970) 555-0152",
            "402 Willow Bend\nWindsor, CO 80550",
        ),
        animal: Animal {
            name: "Bruno",
            kind: ("Dog", "Bernese Mountain Dog"),
            sex: Male,
            born: "2025-01-20",
            colour: "Tricolour",
            weight_kg: 31.0,
            alert: "",
        },
        subject: "Sways at the back",
        events: vec![
            at(15 * HOUR, Opened(Jonas)),
            at(
                14 * HOUR + 50,
                Client(
                    "He is ten months now and his back end sways when he walks. The breeder says all Berners do that. Do they?",
                    clip(upright),
                ),
            ),
            at(
                14 * HOUR + 47,
                Client("No hurry, we only want to know whether we should have the hips looked at.", vec![]),
            ),
            at(50, Seen(Jonas)),
        ],
    }
}

pub(super) fn rosie() -> Case {
    Case {
        owner: owner(
            "Helen Abbott",
            "helen.abbott@example.com",
            "(970) 555-0159",
            "12 Orchard Place\nFort Collins, CO 80526",
        ),
        animal: Animal {
            name: "Rosie",
            kind: ("Dog", "Border Collie"),
            sex: FemaleNeutered,
            born: "2011-09",
            colour: "Black and white",
            weight_kg: 17.9,
            alert: "Kidney values: no NSAIDs",
        },
        subject: "Refill of her tablets",
        events: vec![
            at(22 * HOUR, Opened(Tom)),
            at(
                22 * HOUR - 2,
                Client(
                    "Hello, Rosie's tablets last until Thursday. May I collect the next pack on Wednesday?",
                    vec![],
                ),
            ),
            at(
                21 * HOUR,
                Answer(
                    Tom,
                    "Of course, Helen. It is at the desk from Wednesday noon. Dr. Lindqvist would like a blood test with the pack after this one; shall I offer you a morning?",
                    vec![],
                ),
            ),
            at(20 * HOUR, Read),
        ],
    }
}
