/** What the command line says. */
import { parseArgs } from "node:util";

export interface Options {
	seed: number;
	kills: number;
	/** Those points whose label contains it; all where it is empty, none where it is undefined. */
	points: string | undefined;
	short: boolean;
}

const HELP = `Kills a Worker for real, and shows that nothing which was acknowledged is lost.

  npm run kills -- [options]

  --short         each fault point with a throw or a kill, in turns, and 5 random kills: 90 seconds
                  (otherwise each with a throw, a kill of workerd, and a kill of wrangler's dev server)
  --points WHICH  all (the default), none, or those whose label contains this
  --kills N       so many random kills, default 50
  --seed N        draws the same moments and events again
  --help

Ends with 1 when something is missing, early, buried twice or left over, and says what.`;

/** Prints the help, or what is wrong with the arguments, and ends the process, where there is nothing to run. */
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
		throw new Error(`${name} ${given}: give a whole number`);
	return given === undefined ? undefined : Number(given);
}
