// Names of files.

/** Without what file systems refuse. */
export const fileName = (name: string): string => name.replace(/[/\\:*?"<>|]/g, "-");
