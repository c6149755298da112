//! Decoded sound to 16-bit stereo at a sample rate, faster or slower with its pitch kept.
//!
//! Whole numbers on the way in: they cannot hold what is no number. `atempo` takes factors from a half on; slower is
//! made of several.

use ffmpeg_next::{filter, format::Sample as Format, frame};

use crate::sound::{Sample, Speed};

/// One unbroken stretch of sound on its way.
pub struct Stretch {
    graph: filter::Graph,
    kind: Kind,
    /// Samples that went in.
    taken: i64,
}

/// What one graph can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    rate: u32,
    format: Format,
    channels: u16,
    layout: u64,
}

impl Kind {
    fn of(decoded: &frame::Audio) -> Self {
        Self {
            rate: decoded.rate(),
            format: decoded.format(),
            channels: decoded.channels(),
            layout: decoded.channel_layout().bits(),
        }
    }
}

impl Stretch {
    /// For sound like this piece, of which the first `skip` samples are left out. `None` where FFmpeg cannot.
    pub fn open(like: &frame::Audio, skip: u64, hz: u32, speed: Speed) -> Option<Self> {
        let kind = Kind::of(like);
        if kind.format == Format::None {
            return None;
        }
        let channels = match kind.layout {
            0 => format!("channels={}", kind.channels),
            bits => format!("channel_layout=0x{bits:x}"),
        };
        let rate = kind.rate;
        let source =
            format!("time_base=1/{rate}:sample_rate={rate}:sample_fmt={}:{channels}", kind.format.name());
        let mut chain = vec!["aformat=sample_fmts=s16|s16p".to_owned()];
        if skip > 0 {
            chain.push(format!("atrim=start_sample={skip},asetpts=N"));
        }
        chain.extend(factors(speed.rate()).iter().map(|factor| format!("atempo={factor}")));
        let stereo = format!("aformat=sample_fmts=s16:sample_rates={hz}:channel_layouts=stereo");
        chain.extend([format!("aresample={hz}"), stereo]);
        let mut graph = filter::Graph::new();
        graph.add(&filter::find("abuffer")?, "in", &source).ok()?;
        graph.add(&filter::find("abuffersink")?, "out", "").ok()?;
        graph.output("in", 0).ok()?.input("out", 0).ok()?.parse(&chain.join(",")).ok()?;
        graph.validate().ok()?;
        Some(Self { graph, kind, taken: 0 })
    }

    /// Whether this piece is of the kind that it was opened for.
    pub fn fits(&self, decoded: &frame::Audio) -> bool {
        self.kind == Kind::of(decoded)
    }

    /// Takes a piece and gives what has become of it; `None` where FFmpeg cannot.
    pub fn push(&mut self, mut decoded: frame::Audio) -> Option<Vec<Sample>> {
        decoded.set_pts(Some(self.taken));
        self.taken += i64::try_from(decoded.samples()).ok()?;
        self.graph.get("in")?.source().add(&decoded).ok()?;
        Some(self.drain())
    }

    /// Gives what is left.
    pub fn finish(mut self) -> Vec<Sample> {
        if let Some(mut source) = self.graph.get("in") {
            // Then there is nothing left.
            let _ = source.source().flush();
        }
        self.drain()
    }

    fn drain(&mut self) -> Vec<Sample> {
        let mut out = Vec::new();
        let Some(mut sink) = self.graph.get("out") else { return out };
        let mut filtered = frame::Audio::empty();
        while sink.sink().frame(&mut filtered).is_ok() {
            if filtered.planes() == 1
                && filtered.format() == Format::I16(ffmpeg_next::format::sample::Type::Packed)
            {
                let bytes = filtered.data(0).chunks_exact(4).take(filtered.samples());
                out.extend(bytes.filter_map(|bytes| match *bytes {
                    [l0, l1, r0, r1] => Some([i16::from_ne_bytes([l0, l1]), i16::from_ne_bytes([r0, r1])]),
                    _ => None,
                }));
            }
        }
        out
    }
}

/// The speed as factors that `atempo` takes. Each of them may be off by half its window, so they are few.
fn factors(mut rate: f64) -> Vec<f64> {
    let mut factors = Vec::new();
    while rate < 0.5 {
        factors.push(0.5);
        rate /= 0.5;
    }
    if (rate - 1.0).abs() > 1e-6 {
        factors.push(rate);
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_speed_is_made_of_factors_that_there_are() {
        assert_eq!(factors(1.0), [] as [f64; 0]);
        assert_eq!(factors(4.0), [4.0]);
        assert_eq!(factors(0.25), [0.5, 0.5]);
        for per_mille in 100..=4000 {
            let rate = f64::from(per_mille) / 1000.0;
            let made = factors(rate);
            assert!(made.iter().all(|factor| (0.5..=4.0).contains(factor)), "{rate}: {made:?}");
            assert!((made.iter().product::<f64>() - rate).abs() < 1e-9, "{rate}: {made:?}");
        }
    }
}
