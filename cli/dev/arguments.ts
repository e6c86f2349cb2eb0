/** Reads what `dev` needs of the arguments that it passes on to wrangler. */
import { parseArgs } from "node:util";

export interface DevArguments {
	/** The first configuration: its Worker gets the port. */
	config?: string;
	env?: string;
}

export function devArguments(args: string[]): DevArguments {
	const { values } = parseArgs({
		args,
		options: {
			config: { type: "string", short: "c", multiple: true },
			env: { type: "string", short: "e" },
		},
		strict: false,
	});
	const [config] = [values.config ?? []].flat();
	return {
		...(typeof config === "string" && { config }),
		...(typeof values.env === "string" && { env: values.env }),
	};
}
