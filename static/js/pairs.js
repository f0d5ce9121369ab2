// The list of pairs: its keys.

import { watchKeys } from "./pair_viewer.js";

watchKeys(null);
