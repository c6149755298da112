//! The one pass over a container that an index is made of: every packet read, or most of them let go by unread.
//!
//! **Invariant:** both ways see the same.

use std::ops::Range;

use ffmpeg_next::Packet;

use super::{Sample, look::Glance, scan::Scan};
use crate::{
    VideoError,
    media::{boxes, demuxer::Demuxer, limits},
};

/// Packets glanced at between two signs of life.
const GLANCES: usize = 4096;

/// How to look at packets without reading them, and where they lie.
pub struct Sparing {
    glance: Glance,
    packets: Vec<Range<u64>>,
}

/// When that costs less.
pub fn sparing(demuxer: &mut Demuxer, scan: &Scan) -> Option<Sparing> {
    let (count, bytes) = demuxer.listed();
    Sparing::of(demuxer, scan).filter(|_| Glance::is_worth(count, bytes))
}

impl Sparing {
    /// Where it can be done at all.
    pub fn of(demuxer: &Demuxer, scan: &Scan) -> Option<Self> {
        let is_mp4 = matches!(demuxer.track.container.as_str(), "mp4" | "mov");
        let glance = scan.glance().filter(|_| is_mp4)?;
        Some(Self { glance, packets: boxes::packets(demuxer.source())? })
    }
}

/// Looks at every packet as it goes by.
pub fn read_through(
    demuxer: &mut Demuxer,
    scan: &mut Scan,
    there: Option<&[Range<u64>]>,
    tick: &mut dyn FnMut(),
) -> Result<(), VideoError> {
    let mut packet = Packet::empty();
    while demuxer.read(&mut packet) {
        tick();
        if packet.stream() == demuxer.track.stream && packet.size() > 0 {
            scan.add(&packet, has_arrived(&packet, there))?;
        }
    }
    Ok(())
}

/// Lets every packet go by without its bytes, and then reads of each as much as tells what it is.
pub fn glance_through(
    demuxer: &mut Demuxer,
    sparing: &Sparing,
    scan: &mut Scan,
    there: Option<&[Range<u64>]>,
    tick: &mut dyn FnMut(),
) -> Result<(), VideoError> {
    let (mut packet, mut samples) = (Packet::empty(), Vec::new());
    while samples.len() <= limits::PACKETS && demuxer.read(&mut packet) {
        tick();
        if packet.stream() == demuxer.track.stream && packet.size() > 0 {
            // Without its bytes FFmpeg cannot say whether it is a key frame: they will.
            let mut sample = Sample::read(&packet, false);
            sample.seen = has_arrived(&packet, there);
            sample.clean = sample.seen;
            samples.push(sample);
            // From the first FFmpeg learns for how long pictures stay.
            if samples.len() == 1 {
                demuxer.leave_out(&sparing.packets);
            }
        }
    }
    for some in samples.chunks(GLANCES) {
        tick();
        let looks =
            sparing.glance.at_all(demuxer.source(), some).map_err(|error| VideoError::bytes(&error))?;
        for (sample, look) in some.iter().zip(looks) {
            scan.note(*sample, look)?;
        }
    }
    Ok(())
}

fn has_arrived(packet: &Packet, there: Option<&[Range<u64>]>) -> bool {
    let Some(ranges) = there else { return true };
    let Ok(start) = u64::try_from(packet.position()) else { return false };
    let end = start.saturating_add(packet.size() as u64);
    ranges.iter().any(|range| range.start <= start && end <= range.end)
}
