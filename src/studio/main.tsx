// Where the page begins.
import "./theme.css";
import { render } from "preact";
import { App } from "./app.js";
import { connect } from "./client.js";
import { followSettings } from "./state/estimate.js";
import { notify } from "./state/notices.js";
import { followAddress } from "./state/url.js";
import "./state/theme.js";

followAddress((problem) => notify("warning", problem));
followSettings();
void connect();
render(<App />, document.getElementById("studio")!);
