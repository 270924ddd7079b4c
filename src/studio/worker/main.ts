// The worker's entry.
import { expose } from "comlink";
import { Studio } from "./studio.js";

expose(new Studio());
