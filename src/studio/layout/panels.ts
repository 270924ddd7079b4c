// The panels and where they stand. A panel is added by importing it here and naming it in its place.
import type { ComponentType } from "preact";
import { ChartsPanel } from "../charts/charts_panel.js";
import { SchedulePanel } from "../schedule_editor/schedule_panel.js";
import { LabPanel } from "../lab/lab_panel.js";
import { RunsPanel } from "../compare/runs_panel.js";
import { SettingsPanel } from "../settings_form/settings_panel.js";
import { AttentionPanel } from "../text/attention_panel.js";
import { TextPanel } from "../text/text_panel.js";
import { ToolsPanel } from "../tools/tools_panel.js";

export interface Panel {
  id: string;
  /** Of its tab or heading. */
  title: string;
  component: ComponentType;
}

/** At the left: what the next run will be. */
export const left: readonly Panel[] = [{ id: "settings", title: "Settings", component: SettingsPanel }];
/** In the middle: how the losses and the rate go. The loss is seen without scrolling. */
export const middle: readonly Panel[] = [
  { id: "charts", title: "Charts", component: ChartsPanel },
  { id: "schedule", title: "Schedule", component: SchedulePanel },
];
/** Tabs below: text, attention, runs, tools, lab. */
export const tabs: readonly Panel[] = [
  { id: "text", title: "Text", component: TextPanel },
  { id: "attention", title: "Attention", component: AttentionPanel },
  { id: "runs", title: "Runs", component: RunsPanel },
  { id: "tools", title: "Tools", component: ToolsPanel },
  { id: "lab", title: "Lab", component: LabPanel },
];
