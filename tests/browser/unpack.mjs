// The browser, its libraries and a font, unpacked beside what npm brought: `node unpack.mjs`.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";

const packed = new URL("node_modules/@sparticuz/chromium/bin/", import.meta.url);
process.env.TMPDIR = fileURLToPath(new URL("node_modules/.chromium", import.meta.url)); // where inflate() puts things
await mkdir(process.env.TMPDIR, { recursive: true });
await Promise.all(
  ["chromium.br", "al2023.tar.br", "fonts.tar.br"].map((name) => inflate(fileURLToPath(new URL(name, packed)))),
);
