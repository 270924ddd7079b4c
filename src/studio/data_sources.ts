// The data that a run can name without bringing a text.

export interface BuiltInData {
  /** In `settings.data`. */
  name: string;
  title: string;
  about: string;
}

export const builtInData: readonly BuiltInData[] = [{ name: "moby-dick", title: "Moby Dick", about: "1.2 million characters of Herman Melville's novel." }];
