/** The style sheet of all pages. It names colours by what they mean, for light and dark. */
import { ACTIONS } from "./action-style.ts";
import { BASE } from "./base-style.ts";
import { CHART } from "./chart-style.ts";
import { HANDLERS } from "./handlers-style.ts";
import { PARTS } from "./part-style.ts";
import { TIMELINE } from "./timeline-style.ts";

export const STYLE = [BASE, PARTS, TIMELINE, CHART, HANDLERS, ACTIONS].join("");
