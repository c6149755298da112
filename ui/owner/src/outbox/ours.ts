// Which entries this window has changed while it was reading what other windows left on the disk: those stay.

export class Ours {
  /** Entries being written now, and how often. */
  private readonly writing = new Map<string, number>();
  /** One set a reading in progress. */
  private readonly readings = new Set<Set<string>>();

  /** Does a writing of an entry. */
  async write<T>(id: string, writing: () => Promise<T>): Promise<T> {
    for (const ours of this.readings) ours.add(id);
    this.writing.set(id, (this.writing.get(id) ?? 0) + 1);
    try {
      return await writing();
    } finally {
      const left = (this.writing.get(id) ?? 1) - 1;
      if (left > 0) this.writing.set(id, left);
      else this.writing.delete(id);
    }
  }

  /** Does a reading; answers what it read and which entries were changed here meanwhile. */
  async read<T>(reading: () => Promise<T>): Promise<{ read: T; ours: ReadonlySet<string> }> {
    const ours = new Set(this.writing.keys());
    this.readings.add(ours);
    try {
      return { read: await reading(), ours };
    } finally {
      this.readings.delete(ours);
    }
  }
}
