// The page of a pair: zoom, and the pairs before and after by the arrow keys.

import { createPairViewer, watchKeys } from "./pair_viewer.js";

watchKeys(createPairViewer(document.getElementById("cards")));
