// Which panes are folded. A wish of this window, so it is remembered by the window and not by the desk.

const KEY = "patient-pane";

export class Layout {
  isPatientShown = $state(true);
  /** Whether there is room for the patient beside the thread. Without it, the pane lies over the thread. */
  isWide = $state(true);

  constructor(
    private readonly memory: Pick<Storage, "getItem" | "setItem">,
    wide: Pick<MediaQueryList, "matches" | "addEventListener">,
  ) {
    this.turn(wide.matches);
    wide.addEventListener("change", (event) => this.turn(event.matches));
  }

  togglePatient(): void {
    this.isPatientShown = !this.isPatientShown;
    if (this.isWide) this.memory.setItem(KEY, this.isPatientShown ? "shown" : "hidden");
  }

  private turn(isWide: boolean): void {
    this.isWide = isWide;
    this.isPatientShown = isWide && this.memory.getItem(KEY) !== "hidden";
  }
}
