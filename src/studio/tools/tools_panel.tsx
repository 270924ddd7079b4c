// Tools that look at a model before and while it trains, and leave it as it was.
import { AdviceSection } from "./advice_section.js";
import { BenchSection } from "./bench_section.js";
import { RangeSection } from "./range_section.js";
import { SharpnessSection } from "./sharpness_section.js";
import "./tools.css";

export function ToolsPanel() {
  return (
    <div class="tools">
      <RangeSection />
      <AdviceSection />
      <SharpnessSection />
      <BenchSection />
    </div>
  );
}
