//! `limpet-server practice import`.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    ground,
    imports::{EXPORT, windows},
    process::{PROGRAM, furnish, run},
};

#[tokio::test]
async fn the_refused_rows_are_written_also_when_nobody_reads_what_is_said_and_before_anything_is_done() {
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let listed = String::from_utf8(run(&["practice", "list"], data.path(), "").stdout).unwrap();
    let practice = listed.split_once(' ').unwrap().0.to_owned();
    let (file, refused) = (data.path().join("export.csv"), data.path().join("refused.csv"));
    std::fs::write(&file, windows(EXPORT)).unwrap();
    let import = |refused: &Path| {
        let mut command = Command::new(PROGRAM);
        ground::dress(&mut command, data.path());
        command.args(["practice", "import", "--practice", &practice, "--refused"]).arg(refused);
        command.arg(&file).arg("--data").arg(data.path()).stdin(Stdio::null());
        command
    };
    let output = import(&data.path().join("nowhere/refused.csv")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty() && said.contains("cannot write"), "{said}");
    let looked = run(
        &["practice", "import", "--practice", &practice, "--preview", file.to_str().unwrap()],
        data.path(),
        "",
    );
    assert!(String::from_utf8(looked.stdout).unwrap().contains("2 clients would be new"), "nothing was done");

    // What is longer than what is written over it.
    std::fs::write(&refused, "of an earlier time\n".repeat(100)).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = import(&refused).stdout(writer).output().unwrap();
    assert!(!output.status.success(), "it says that it could not say it");
    let left = std::fs::read_to_string(&refused).unwrap();
    assert!(left.contains("'=HYPERLINK") && !left.contains("earlier"), "{left}");
    let said = String::from_utf8(import(&refused).output().unwrap().stdout).unwrap();
    assert!(
        said.contains("0 clients are new and 0 changed"),
        "the broken pipe came after the import: {said}"
    );
}

#[tokio::test]
async fn the_command_line_looks_first_if_asked_and_writes_the_refused_rows() {
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let text = |args: &[&str]| {
        let output = run(args, data.path(), "");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let listed = text(&["practice", "list"]).1;
    let practice = listed.split_once(' ').unwrap().0.to_owned();
    let file = data.path().join("export.csv");
    std::fs::write(&file, windows(EXPORT)).unwrap();
    let refused = data.path().join("refused.csv");
    let file = file.to_str().unwrap();
    let args = ["practice", "import", "--practice", &practice, "--refused", refused.to_str().unwrap()];
    let (done, out, err) = text(&[&args[..], &["--preview", file]].concat());
    assert!(
        done && out.contains("row 2: new client") && out.contains("row 5: refused: The sex"),
        "{out} {err}"
    );
    assert!(out.ends_with(
        "5 rows: 2 clients would be new and 0 changed, 2 patients new and 0 changed, 2 rows refused\n"
    ));
    let (done, out, _) = text(&[&args[..], &[file]].concat());
    assert!(done && out.contains("2 clients are new"), "{out}");
    assert!(std::fs::read_to_string(&refused).unwrap().contains("'=HYPERLINK"));
    let (_, out, _) = text(&[&args[..], &[file]].concat());
    assert!(out.contains("0 clients are new and 0 changed, 0 patients new"), "{out}");
    // Once mended, nothing of before is left in the file.
    let mended = data.path().join("mended.csv");
    std::fs::write(&mended, "Client number,Client,Sex\n7,Eva Gil,\n").unwrap();
    let (_, out, _) = text(&[&args[..], &[mended.to_str().unwrap()]].concat());
    assert!(
        out.ends_with("1 row: 1 client is new and 0 changed, 0 patients new and 0 changed, 0 rows refused\n"),
        "{out}"
    );
    let left = std::fs::read_to_string(&refused).unwrap();
    assert_eq!(left.trim_end(), "\u{feff}Client number,Client,Sex,Why Limpet did not take this row");
    let over = ["practice", "import", "--practice", &practice, "--refused", file, file];
    let (done, _, err) = text(&over);
    assert!(!done && err.contains("written over"), "{err}");
    assert_eq!(std::fs::read(file).unwrap(), windows(EXPORT), "the file is as it was");
    let (done, _, err) = text(&["practice", "import", "--practice", &practice, "/nowhere.csv"]);
    assert!(!done && err.contains("/nowhere.csv"), "{err}");
}
