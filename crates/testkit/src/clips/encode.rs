//! Frames into the `ffmpeg` program, a file out of it.

use std::{
    fs::File,
    io,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    draw::Painter,
    mp4,
    recipe::{Coding, Container, Recipe, Sound, Timing, Turn},
};

/// Writes the clip of a recipe to `path`.
pub fn encode(recipe: &Recipe, path: &Path) -> Result<()> {
    let (width, height) = recipe.size;
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y"]);
    command.args(["-f", "rawvideo", "-pix_fmt", "rgb24"]);
    command.args(["-video_size", &format!("{width}x{height}")]);
    command.args(["-framerate", &recipe.timing.rate().to_string(), "-i", "pipe:0"]);
    sound(&mut command, recipe);
    command.args(["-vf", &filters(recipe), "-fps_mode", "passthrough", "-threads", "2"]);
    coding(&mut command, recipe.coding);
    if recipe.sound != Sound::None {
        let webm = matches!(recipe.container, Container::Webm | Container::WebmLive);
        command.args([
            "-c:a",
            if webm { "libopus" } else { "aac" },
            "-b:a",
            "64k",
            "-map",
            "0:v",
            "-map",
            "1:a",
        ]);
    }
    command.args(["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]);
    container(&mut command, recipe, path)?;
    run(command, recipe)?;
    if recipe.turn != Turn::Upright || recipe.skip > 0 {
        let skipped = recipe.timing.seconds(recipe.skip);
        mp4::patch(path, recipe.turn, skipped).context("the file could not be patched")?;
    }
    Ok(())
}

fn sound(command: &mut Command, recipe: &Recipe) {
    let source = match recipe.sound {
        Sound::None => return,
        Sound::Tone => "sine=frequency=330:sample_rate=48000,volume=0.2".to_owned(),
        Sound::Breathing(rate) => format!(
            "anoisesrc=color=pink:seed=7:sample_rate=48000:amplitude=0.25,\
             volume='0.04+0.96*pow(sin(PI*t*{}),4)':eval=frame",
            rate / 60.0
        ),
    };
    let length = recipe.timing.seconds(recipe.frames).to_string();
    command.args(["-f", "lavfi", "-t", &length, "-i", &source]);
}

/// Stores the picture turned, in the right colours, at the right times.
fn filters(recipe: &Recipe) -> String {
    let mut filters = vec![];
    match recipe.turn {
        Turn::Upright => {}
        Turn::Quarter => filters.push("transpose=cclock"),
        Turn::Half => filters.push("hflip,vflip"),
        Turn::ThreeQuarters => filters.push("transpose=clock"),
        Turn::Mirrored => filters.push("hflip"),
        Turn::MirroredQuarter => filters.push("transpose=cclock,hflip"),
    }
    if recipe.coding == Coding::HevcHlg {
        // White paper is 75 % of the signal in hybrid log-gamma; above it is for lamps.
        filters.push("lutrgb=r=val*0.75:g=val*0.75:b=val*0.75");
    }
    filters.push(match recipe.coding {
        Coding::HevcHlg => "scale=out_color_matrix=bt2020:out_range=tv",
        Coding::H264Full => "scale=out_color_matrix=bt709:out_range=pc",
        _ => "scale=out_color_matrix=bt709:out_range=tv",
    });
    filters.push(match recipe.coding {
        Coding::HevcHlg => "format=yuv420p10le",
        Coding::H264Full => "format=yuvj420p",
        Coding::H264Fine => "format=yuv444p",
        Coding::H264TenBit => "format=yuv422p10le",
        _ => "format=yuv420p",
    });
    if recipe.timing == Timing::Phone {
        filters.push("settb=1/600,setpts=20*(N+floor((N+1)/5))");
    }
    filters.join(",")
}

fn coding(command: &mut Command, coding: Coding) {
    let sdr = "bt709:bt709:bt709";
    let colours = match coding {
        Coding::HevcHlg => "bt2020:arib-std-b67:bt2020nc",
        _ => sdr,
    };
    for (option, value) in ["-color_primaries", "-color_trc", "-colorspace"].iter().zip(colours.split(':')) {
        command.args([option, value]);
    }
    let range = if coding == Coding::H264Full { "pc" } else { "tv" };
    command.args(["-color_range", range]);
    match coding {
        Coding::H264 { b_frames, keys } => {
            let (b_frames, keys) = (b_frames.to_string(), keys.to_string());
            command.args(["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-sc_threshold", "0"]);
            command.args(["-b_strategy", "0", "-bf", &b_frames, "-g", &keys, "-keyint_min", &keys]);
        }
        Coding::H264Full | Coding::H264Fine | Coding::H264TenBit => {
            command.args(["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "20"]);
        }
        Coding::HevcOpen => {
            command.args(["-c:v", "libx265", "-preset", "veryfast", "-crf", "26", "-tag:v", "hvc1"]);
            command.args([
                "-x265-params",
                "log-level=error:pools=2:open-gop=1:keyint=24:min-keyint=24:bframes=4:b-adapt=0:scenecut=0",
            ]);
        }
        Coding::HevcHlg => {
            command.args(["-c:v", "libx265", "-preset", "ultrafast", "-crf", "26", "-tag:v", "hvc1"]);
            command.args([
                "-x265-params",
                "log-level=error:pools=2:open-gop=0:keyint=30:bframes=2:colorprim=bt2020:\
                 transfer=arib-std-b67:colormatrix=bt2020nc:range=limited",
            ]);
        }
        Coding::Vp8 => {
            command.args([
                "-c:v",
                "libvpx",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-b:v",
                "1500k",
                "-g",
                "40",
            ]);
        }
        Coding::Vp9 => {
            command.args(["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]);
            command.args(["-crf", "32", "-b:v", "0", "-g", "25"]);
        }
    }
}

fn container(command: &mut Command, recipe: &Recipe, path: &Path) -> Result<()> {
    let ticks = if recipe.timing == Timing::Phone { 600 } else { u32::from(recipe.timing.rate()) * 1000 };
    match recipe.container {
        Container::Mp4 | Container::Mov => {
            let format = if recipe.container == Container::Mov { "mov" } else { "mp4" };
            command.args(["-video_track_timescale", &ticks.to_string()]);
            if recipe.timing == Timing::Phone {
                command.args(["-enc_time_base", "1:600"]);
            }
            command.args(["-f", format]).arg(path);
            command.stdout(Stdio::null());
        }
        Container::Webm => {
            command.args(["-f", "webm"]).arg(path);
            command.stdout(Stdio::null());
        }
        Container::WebmLive => {
            // To a pipe: a file could be seeked in, and would get its duration after all.
            command.args(["-live", "1", "-f", "webm", "pipe:1"]);
            command.stdout(File::create(path)?);
        }
    }
    Ok(())
}

fn run(mut command: Command, recipe: &Recipe) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("the ffmpeg program is missing: script/bootstrap installs it")?;
    let mut pipe = child.stdin.take().context("no pipe to ffmpeg")?;
    let fed = feed(&mut pipe, recipe);
    drop(pipe);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("ffmpeg: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    fed.context("ffmpeg stopped reading")?;
    ensure!(output.stderr.is_empty(), "ffmpeg warned: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn feed(pipe: &mut impl io::Write, recipe: &Recipe) -> io::Result<()> {
    let (width, height) = recipe.size;
    let painter = Painter::new(recipe.scene, width.into(), height.into());
    for number in 0..recipe.frames {
        pipe.write_all(painter.frame(number, recipe.timing.moment(number)).rgb())?;
    }
    pipe.flush()
}
