// The list of pairs: its keys. What is selected is kept over the pages of the list, for as long as the tab is open.

import { watchKeys } from "./pair_viewer.js";

watchKeys(null);
