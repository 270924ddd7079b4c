// The worker of the benchmarks' page: Kiln, and its peers where they are asked for.
import { version } from "../../../package.json";
import { openEngines } from "../open_engines.js";
import { answerOrders } from "./measure.js";

answerOrders((adapter, gpu, { peers }) => openEngines({ adapter, gpu, version, peers }));
