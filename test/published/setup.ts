/** Packs the package once, and provides the path of the tarball to all tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { pack } from "./project.ts";

declare module "vitest" {
	interface ProvidedContext {
		tarball: string;
	}
}

export default async function setup(project: TestProject) {
	const folder = mkdtempSync(join(tmpdir(), "tidings-packed-"));
	project.provide("tarball", await pack(folder));
	return () => rmSync(folder, { recursive: true });
}
