/** Reads the command line. */
import { parseArgs } from "node:util";

export interface Options {
	seed: number;
	kills: number;
	/** Selects the points whose label contains it: all if empty, none if undefined. */
	points: string | undefined;
	short: boolean;
}

const HELP = `Kills a Worker, and checks that no acknowledged event is lost.

  npm run kills -- [options]

  --short         each fault point with a throw or a kill, alternately, and 5 random kills: 90 seconds
                  (otherwise each point with a throw, a kill of workerd, and a kill of wrangler's dev server)
  --points WHICH  all (the default), none, or the points whose label contains this
  --kills N       number of random kills, default 50
  --seed N        repeats the moments and events of a run
  --help

Exits with 1 if an event is missing, early, changed, buried twice or left over, and lists each.`;

/** Reads the options. Prints the help or an error and exits if there is nothing to run. */
export function readOptions(): Options {
	try {
		const { values } = parseArgs({
			options: {
				short: { type: "boolean", default: false },
				points: { type: "string", default: "all" },
				kills: { type: "string" },
				seed: { type: "string" },
				help: { type: "boolean", default: false },
			},
		});
		const { short, points, kills, seed, help } = values;
		if (help) {
			console.log(HELP);
			process.exit(0);
		}
		return {
			short,
			kills: count("--kills", kills) ?? (short ? 5 : 50),
			seed: count("--seed", seed) ?? Math.floor(Math.random() * 2 ** 32),
			points: points === "none" ? undefined : points === "all" ? "" : points,
		};
	} catch (error) {
		console.error(`${(error as Error).message}\n\n${HELP}`);
		process.exit(2);
	}
}

function count(name: string, given: string | undefined): number | undefined {
	if (given !== undefined && !/^\d+$/.test(given))
		throw new Error(`${name} ${given}; use a whole number`);
	return given === undefined ? undefined : Number(given);
}
