//! Conversations that have come to their end.

use limpet_model::Sex::{FemaleNeutered, MaleNeutered};

use super::{at, clip, film, owner};
use crate::{
    clinic::script::{
        Animal, Case, DAY, HOUR,
        Sent::{Photo, Still},
        Staff::{Jonas, Maya, Priya},
        What::{Answer, Assigned, Client, Ended, Opened, Read, Seen},
    },
    clips::{Doing, Lame, Who},
};

pub(super) fn mabel() -> Case {
    Case {
        owner: owner(
            "Priscilla Nguyen",
            "p.nguyen@example.com",
            "(970) 555-0164",
            "9 Sage Hollow\nFort Collins, CO 80528",
        ),
        animal: Animal {
            name: "Mabel",
            kind: ("Dog", "Dachshund"),
            sex: FemaleNeutered,
            born: "2018-07-11",
            colour: "Red",
            weight_kg: 6.8,
            alert: "Back: lift with both hands",
        },
        subject: "Stiff in the morning",
        events: vec![
            at(4 * DAY, Opened(Maya)),
            at(
                4 * DAY - 4,
                Client(
                    "Mabel gets up very stiffly and does not want to be picked up.",
                    clip(film(
                        "mabel.mp4",
                        5,
                        Who::Dog,
                        Doing::Walking(Lame::LeftHind, 0.35),
                        [150, 82, 48],
                        [230, 190, 80],
                    )),
                ),
            ),
            at(4 * DAY - 9, Assigned(Maya, Maya)),
            at(
                4 * DAY - 20,
                Answer(
                    Maya,
                    "She guards her back but places both hind feet well. Rest in the small room, no sofa, no stairs, and I would like to see her today at 16:40.",
                    vec![Still(30, "Both hind feet placed well")],
                ),
            ),
            at(4 * DAY - 26, Client("We will be there, thank you!", vec![])),
            at(
                3 * DAY,
                Answer(
                    Maya,
                    "She did well yesterday. Please go on as we discussed and send me a clip on Friday, sooner if she drags a foot.",
                    vec![],
                ),
            ),
            at(3 * DAY - 50, Read),
            at(
                3 * DAY - 60,
                Ended(
                    Maya,
                    "Back pain, thoracolumbar, without deficits. Clip of the first morning: guarded gait, both hind feet placed normally. Examined the same afternoon; reflexes and deep pain normal.",
                    "Strict rest for two weeks, gabapentin as labelled. Recheck by clip on Friday; at once if she drags a foot or cannot stand.",
                ),
            ),
        ],
    }
}

pub(super) fn juno() -> Case {
    Case {
        owner: owner(
            "Oliver Grant",
            "oliver.grant@example.com",
            "(970) 555-0171",
            "77 Foxtail Street\nFort Collins, CO 80524",
        ),
        animal: Animal {
            name: "Juno",
            kind: ("Dog", "Greyhound"),
            sex: FemaleNeutered,
            born: "2019-03-08",
            colour: "Brindle",
            weight_kg: 28.3,
            alert: "",
        },
        subject: "Sore after a sprint",
        events: vec![
            at(30 * HOUR, Opened(Jonas)),
            at(
                30 * HOUR - 3,
                Client(
                    "She ran after a hare and came back on three legs. It got better within the hour. This is now.",
                    clip(film(
                        "juno_garden.mp4",
                        5,
                        Who::Dog,
                        Doing::Walking(Lame::RightFore, 0.4),
                        [124, 110, 96],
                        [70, 40, 110],
                    )),
                ),
            ),
            at(30 * HOUR - 25, Assigned(Jonas, Jonas)),
            at(
                30 * HOUR - 30,
                Answer(
                    Jonas,
                    "Good that she uses it. I see a short step on the right front, no swelling at the wrist. Please look between the toes and press each pad gently.",
                    vec![Still(52, "Short step, right fore")],
                ),
            ),
            at(
                30 * HOUR - 44,
                Client("Found it! A splinter of wood in the middle pad. It came out in one piece.", vec![]),
            ),
            at(
                30 * HOUR - 52,
                Answer(
                    Jonas,
                    "Well done. Rinse it with lukewarm water twice a day and keep her on the lead until Sunday.",
                    vec![],
                ),
            ),
            at(27 * HOUR, Read),
            at(
                26 * HOUR,
                Ended(
                    Jonas,
                    "Right fore lameness after running, from a wooden splinter in the third digital pad, removed whole by the owner. Walks almost sound on the clip.",
                    "Rinse twice a day, lead only until Sunday. See us if the pad swells or she limps again.",
                ),
            ),
        ],
    }
}

pub(super) fn ziggy() -> Case {
    let resting = film("ziggy_ear.jpg", 1, Who::Cat, Doing::Resting(20.0), [214, 140, 70], [40, 90, 60]);
    Case {
        owner: owner(
            "Leah Stone",
            "leah.stone@example.com",
            "(970) 555-0178",
            "5 Canal View\nFort Collins, CO 80521",
        ),
        animal: Animal {
            name: "Ziggy",
            kind: ("Cat", "Domestic longhair"),
            sex: MaleNeutered,
            born: "2021",
            colour: "Orange",
            weight_kg: 5.9,
            alert: "",
        },
        subject: "Scratches his ears",
        events: vec![
            at(6 * DAY, Opened(Priya)),
            at(
                6 * DAY - 3,
                Client(
                    "Ziggy scratches his left ear since the weekend. Here he is for once lying still.",
                    vec![Photo(resting, "Left ear")],
                ),
            ),
            at(
                6 * DAY - 35,
                Answer(
                    Priya,
                    "Thank you, Leah. From the photo I cannot see into the ear, and it should be looked at before anything goes in. There is room tomorrow at 8:50 or 11:10.",
                    vec![],
                ),
            ),
            at(6 * DAY - 48, Client("8:50 please. See you tomorrow.", vec![])),
            at(6 * DAY - 60, Seen(Priya)),
            at(
                5 * DAY,
                Ended(
                    Priya,
                    "Itching of the left ear. Seen at the practice the next morning; ear mites found on the smear.",
                    "Spot-on given at the practice, again in four weeks. The other cat of the household treated as well.",
                ),
            ),
        ],
    }
}
