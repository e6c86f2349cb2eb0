/** Breaks of subscribing: who is matched, and that start and stop alternate and never overlap. */
import type { Break } from "./break.ts";

const LIFE = "src/apps/lifecycle.ts";
const AT_WORK = "src/objects/event-life.ts";
const TABLE = "src/objects/subscription-table.ts";
const HOOKS = "src/objects/hook-table.ts";

export const SUBSCRIBING: readonly Break[] = [
	{
		why: "an attempt is made before it is kept that it has begun",
		file: AT_WORK,
		from: `		this.#keep(due.life);
		// An alarm`,
		to: `		this.#life = due.life;
		// An alarm`,
	},
	{
		why: "after an attempt no alarm is set for what follows",
		file: AT_WORK,
		from: `		await this.#ports
			.arm()`,
		to: `		await Promise.resolve()`,
	},
	{
		why: "an outcome after a cut-off call counts as the attempt's end",
		file: LIFE,
		from: "return { ...life, error: outcome.error };",
		to: "return again(life, outcome, now);",
	},
	{
		why: "a start that may have succeeded is not stopped",
		file: LIFE,
		from: 'life.isCutOff ? "stopping" : "stopped"',
		to: '"stopped"',
	},
	{
		why: "a stop is given up when somebody comes",
		file: LIFE,
		from: `			// To its end, whoever has come meanwhile: what is half stopped cannot be started.
			return life;`,
		to: `			return isWanted ? towards("starting", life, now) : life;`,
	},
	{
		why: "a subscriber waits for ever once nobody wants the event",
		file: LIFE,
		from: 'return { state: "pending" };',
		to: "return undefined;",
	},
	{
		why: "a poll that could not be sent counts as sent",
		file: AT_WORK,
		from: "return false;",
		to: "return true;",
	},
	{
		why: "a filter's first field leads, whatever it selects",
		file: TABLE,
		from: "if (reach > furthest) [rarest, furthest] = [field, reach];",
		to: "if (reach > furthest && furthest < 0) [rarest, furthest] = [field, reach];",
	},
	{
		why: "of a filter with several fields one is enough",
		file: TABLE,
		from: "return filter.every(",
		to: "return filter.some(",
	},
	{
		why: "values of another type match",
		file: TABLE,
		from: "return JSON.stringify(value);",
		to: "return String(value);",
	},
	{
		why: "an id is given again",
		file: TABLE,
		from: "INTEGER PRIMARY KEY AUTOINCREMENT",
		to: "INTEGER PRIMARY KEY",
	},
	{
		why: "a sender's repetition is another event",
		file: HOOKS,
		from: "event = iif(at <= ?4, excluded.event, event)",
		to: "event = excluded.event",
	},
	{
		why: "any secret opens a hook",
		file: HOOKS,
		from: "[told, this.secret()]",
		to: "[this.secret(), this.secret()]",
	},
];
