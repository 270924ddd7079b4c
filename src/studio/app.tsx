import { left, middle, tabs, type Panel } from "./layout/panels.js";

export function App() {
  return (
    <main>
      <h1>Kiln Studio</h1>
      {[...left, ...middle, ...tabs].map((panel) => (
        <Section key={panel.id} {...panel} />
      ))}
    </main>
  );
}

function Section({ id, title, component: Content }: Panel) {
  return (
    <section class="panel" id={id} aria-label={title}>
      <Content />
    </section>
  );
}
