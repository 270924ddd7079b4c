// The page: controls above, settings at the left, charts and schedule in the middle, all else in tabs.
import { computed } from "@preact/signals";
import { ErrorBoundary } from "./layout/error_boundary.js";
import { Header } from "./layout/header.js";
import { NoWebGPU } from "./layout/no_webgpu.js";
import { Notices } from "./layout/notices.js";
import { left, middle, tabs, type Panel } from "./layout/panels.js";
import { RunControls } from "./layout/run_controls.js";
import { Tabs } from "./layout/tabs.js";
import { narrow } from "./state/narrow.js";
import { device, runs } from "./state/runs.js";
import "./layout/layout.css";

/** Not where a device was lost: its runs and charts are still there to look at. */
const cannotTrain = computed(() => device.value === null && runs.value.size === 0);

export function App() {
  if (cannotTrain.value) return <NoWebGPU />;
  return (
    <>
      <a class="skip" href="#results" onClick={skip}>
        Skip to the charts
      </a>
      <ErrorBoundary name="The run controls">
        <Header />
        <RunControls />
      </ErrorBoundary>
      <Notices />
      <main>
        <details class="left" open={!narrow.value}>
          <summary>Settings of the next run</summary>
          {left.map((panel) => (
            <Section key={panel.id} {...panel} />
          ))}
        </details>
        <div class="middle" id="results" tabIndex={-1}>
          {middle.map((panel) => (
            <Section key={panel.id} {...panel} />
          ))}
          {tabs.length > 0 && <Tabs label="Text, attention, runs and tools" panels={tabs} />}
        </div>
      </main>
    </>
  );
}

/** The address holds settings, not places of the page. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("results")?.focus();
}

function Section({ id, title, component: Content }: Panel) {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <h2 class="visually-hidden" id={`${id}-title`}>
        {title}
      </h2>
      <ErrorBoundary name={title}>
        <Content />
      </ErrorBoundary>
    </section>
  );
}
