//! A cat in trouble, a cat that limps, a horse and a rabbit.

use limpet_model::Sex::{Female, FemaleNeutered, MaleNeutered};

use super::{at, clip, film, owner};
use crate::{
    clinic::script::{
        Animal, Case, DAY, HOUR,
        Sent::Still,
        Staff::{Jonas, Maya, Priya, Tom},
        What::{Answer, Assigned, Client, Note, Opened, Read, Urgent},
    },
    clips::{Doing, Lame, Who},
};

pub(super) fn luna() -> Case {
    Case {
        owner: owner(
            "Sofia Marino",
            "sofia.marino@example.com",
            "(970) 555-0117",
            "221 Maple Street, Apt 4\nFort Collins, CO 80524",
        ),
        animal: Animal {
            name: "Luna",
            kind: ("Cat", "Domestic shorthair"),
            sex: FemaleNeutered,
            born: "2013",
            colour: "Grey tabby",
            weight_kg: 4.1,
            alert: "Heart murmur 3/6: keep handling calm",
        },
        subject: "Breathing fast while asleep",
        events: vec![
            at(26 * HOUR, Opened(Maya)),
            at(
                26 * HOUR - 1,
                Answer(
                    Maya,
                    "Hello Sofia, as we said today: once a day, when Luna is fast asleep, please film her side for half a minute. More than 30 breaths in a minute, twice in a row, and we want to know the same day.",
                    vec![],
                ),
            ),
            at(25 * HOUR, Client("Will do, thank you for explaining it so patiently.", vec![])),
            at(
                25 * HOUR - 4,
                Answer(
                    Maya,
                    "Good. You know her best: if something looks wrong, write first and count later.",
                    vec![],
                ),
            ),
            at(25 * HOUR - 20, Read),
            at(
                9,
                Client(
                    "I count 44 and she is asleep. Is that too much? Her gums look pink.",
                    clip(film(
                        "VID_20251122_0806.mp4",
                        8,
                        Who::Cat,
                        Doing::Resting(44.0),
                        [132, 132, 136],
                        [168, 60, 70],
                    )),
                ),
            ),
            at(8, Urgent(Tom)),
            at(
                8,
                Note(
                    Tom,
                    "Called her as well: Luna ate at seven, no open-mouth breathing. She can be here in 15 minutes if we say so.",
                ),
            ),
        ],
    }
}

pub(super) fn comet() -> Case {
    Case {
        owner: owner(
            "Ruth Kessler",
            "ruth.kessler@example.com",
            "(970) 555-0123",
            "Kessler Farm, County Road 17\nWellington, CO 80549",
        ),
        animal: Animal {
            name: "Comet",
            kind: ("Horse", "Quarter Horse"),
            sex: MaleNeutered,
            born: "2011-04-19",
            colour: "Bay",
            weight_kg: 512.0,
            alert: "",
        },
        subject: "Short on the right fore",
        events: vec![
            at(2 * DAY, Opened(Jonas)),
            at(
                2 * DAY - 5,
                Client(
                    "Comet nods at the walk on hard ground. On grass I see nothing. Shod two weeks ago.",
                    clip(film(
                        "comet_walk_hard.mp4",
                        6,
                        Who::Horse,
                        Doing::Walking(Lame::RightFore, 0.5),
                        [110, 66, 42],
                        [60, 60, 64],
                    )),
                ),
            ),
            at(2 * DAY - 30, Assigned(Jonas, Maya)),
            at(
                2 * DAY - 55,
                Answer(
                    Maya,
                    "Thank you, Ruth, that is a very useful clip. His head comes up each time the right fore is down; see the frame. Is that foot warmer than the left one, and do you feel a pulse at the fetlock?",
                    vec![Still(41, "Head up while the right fore carries")],
                ),
            ),
            at(2 * DAY - 90, Read),
            at(
                95,
                Client(
                    "Farrier was here. He pulled the shoe and pressed: sore at the second nail on the inside. No heat today.",
                    vec![],
                ),
            ),
        ],
    }
}

pub(super) fn clover() -> Case {
    Case {
        owner: owner(
            "Daniel Osei",
            "d.osei@example.com",
            "(970) 555-0136",
            "54 Poudre Avenue\nFort Collins, CO 80521",
        ),
        animal: Animal {
            name: "Clover",
            kind: ("Rabbit", "Mini Lop"),
            sex: Female,
            born: "2022-08",
            colour: "Fawn",
            weight_kg: 2.2,
            alert: "",
        },
        subject: "Not finishing her pellets",
        events: vec![
            at(131, Opened(Tom)),
            at(
                130,
                Client(
                    "Clover left half of her pellets yesterday and today. Hay is going down as always. She hops about, but slower than usual I think?",
                    clip(film(
                        "clover_hop.mp4",
                        5,
                        Who::Rabbit,
                        Doing::Walking(Lame::None, 0.0),
                        [196, 166, 128],
                        [196, 166, 128],
                    )),
                ),
            ),
            at(
                128,
                Client("Droppings look normal to me. I can send a photo of those if you like :)", vec![]),
            ),
        ],
    }
}

pub(super) fn pepper() -> Case {
    Case {
        owner: owner(
            "Carmen Ruiz",
            "carmen.ruiz@example.com",
            "(970) 555-0148",
            "33 Alder Lane\nFort Collins, CO 80525",
        ),
        animal: Animal {
            name: "Pimienta",
            kind: ("Cat", "Siamese"),
            sex: MaleNeutered,
            born: "2020-02-14",
            colour: "Seal point",
            weight_kg: 5.3,
            alert: "",
        },
        subject: "Camina raro desde ayer",
        events: vec![
            at(43, Opened(Priya)),
            at(
                41,
                Client(
                    "Buenos días. Pimienta camina raro desde ayer por la tarde, como si le molestara una pata de atrás. Come bien y usa el arenero.",
                    clip(film(
                        "pimienta.mp4",
                        5,
                        Who::Cat,
                        Doing::Walking(Lame::LeftHind, 0.5),
                        [206, 190, 166],
                        [40, 70, 120],
                    )),
                ),
            ),
            at(39, Assigned(Priya, Priya)),
            at(38, Note(Priya, "Prefers Spanish, and does not like phone calls. I can translate.")),
        ],
    }
}
