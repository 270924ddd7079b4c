// Where the page begins.
import "./theme.css";
import "./state/theme.js";
import { render } from "preact";
import { App } from "./app.js";

render(<App />, document.getElementById("studio")!);
