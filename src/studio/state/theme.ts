// Light or dark: as the system has it until the user chooses.
import { computed, effect, signal } from "@preact/signals";

export const themeChoices = ["system", "light", "dark"] as const;
export type ThemeChoice = (typeof themeChoices)[number];

const key = "kiln-theme";
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(systemIsDark.matches);
systemIsDark.addEventListener("change", () => (systemDark.value = systemIsDark.matches));

export const themeChoice = signal<ThemeChoice>(stored());
/** What is shown. Drawings that read colours of theme.css draw again when it changes. */
export const theme = computed<"light" | "dark">(() => (themeChoice.value === "system" ? (systemDark.value ? "dark" : "light") : themeChoice.value));

/** Before the first drawing, so that nothing flashes. */
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  try {
    localStorage.setItem(key, choice);
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
}

function stored(): ThemeChoice {
  try {
    const choice = localStorage.getItem(key);
    return themeChoices.find((known) => known === choice) ?? "system";
  } catch {
    return "system";
  }
}
