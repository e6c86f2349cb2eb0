/** All deliberate breaks, in the order of an event's life. */
import { APPS } from "./apps.ts";
import type { Break } from "./break.ts";
import { CONSUMING } from "./consuming.ts";
import { DELIVERING } from "./delivering.ts";
import { DIALECTS } from "./dialects.ts";
import { DOORS } from "./doors.ts";
import { GATHERING } from "./gathering.ts";
import { LANES } from "./lanes.ts";
import { LETTERS } from "./letters.ts";
import { PUBLISHING } from "./publishing.ts";
import { SCHEDULING } from "./scheduling.ts";
import { SIGNED } from "./signed.ts";
import { SUBSCRIBING } from "./subscribing.ts";

export const BREAKS: readonly Break[] = [
	...PUBLISHING,
	...GATHERING,
	...SCHEDULING,
	...LANES,
	...CONSUMING,
	...DELIVERING,
	...LETTERS,
	...SUBSCRIBING,
	...APPS,
	...DOORS,
	...SIGNED,
	...DIALECTS,
];
