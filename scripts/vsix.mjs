// Packs the extension of VS Code, with the command and its language server inside: node scripts/vsix.mjs [FILE.vsix]
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { zipSync } from "fflate";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "editors", "vscode");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const manifest = { ...JSON.parse(readFileSync(join(source, "package.json"), "utf8")), version };
const target = process.argv[2] ?? `bilevel-${version}.vsix`;

/** The files of a folder by their paths in it. */
const filesIn = (folder, pattern) =>
  globSync(pattern, { cwd: folder })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => [path.replaceAll("\\", "/"), readFileSync(join(folder, path))]);

/** What dist/ holds for programs that import it. */
const library = ["index.js", "browser.js", "esbuild.js"];

/** As in an installation: the command beside the pages of its messages. */
function command() {
  const folder = mkdtempSync(join(tmpdir(), "bilevel-build-"));
  try {
    const argv = [join(root, "scripts", "build.mjs"), "--no-types", "--out", folder];
    const { status } = spawnSync(process.execPath, argv, { stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
    return [
      ...filesIn(folder, "*")
        .filter(([path]) => !library.includes(path))
        .map(([path, bytes]) => [`dist/${path}`, bytes]),
      ...filesIn(root, "docs/errors/*.md"),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function client() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { extension: "editors/vscode/extension.ts" },
    outdir: root,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node22",
    external: ["vscode"],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "eof",
    logLevel: "warning",
    write: false,
  });
  return outputFiles.map(({ contents }) => ["extension.cjs", contents]);
}

const bytes = (text) => new TextEncoder().encode(text);
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** What an editor reads of a package before it installs it. */
const packageManifest = ({
  name,
  publisher,
  displayName,
  description,
  keywords,
  categories,
  engines,
}) => `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}"/>
    <DisplayName>${escaped(displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(description)}</Description>
    <Tags>${escaped(keywords.join(","))}</Tags>
    <Categories>${escaped(categories.join(","))}</Categories>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escaped(engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/>
    </Properties>
    <License>extension/LICENSE.txt</License>
    <Icon>extension/icon.png</Icon>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Icons.Default" Path="extension/icon.png" Addressable="true"/>
  </Assets>
</PackageManifest>
`;

/** The media type of every kind of file, as the format of packages demands. */
const contentTypes = (paths) => {
  const types = {
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".vsixmanifest": "text/xml",
  };
  const kinds = [...new Set(paths.map((path) => extname(path)))].filter((kind) => kind !== "");
  const defaults = kinds.map((kind) => `<Default Extension="${kind}" ContentType="${types[kind] ?? "text/plain"}"/>`);
  return `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${defaults.join("")}</Types>
`;
};

const extension = [
  ["package.json", bytes(JSON.stringify(manifest, null, 2))],
  ...filesIn(source, "{README.md,icon.png,*-configuration.json,snippets.json,*.tmLanguage.json}"),
  ["LICENSE.txt", readFileSync(join(root, "LICENSE"))],
  ...(await client()),
  ...command(),
].map(([path, content]) => [`extension/${path}`, content]);
const described = [["extension.vsixmanifest", bytes(packageManifest(manifest))], ...extension];
const types = ["[Content_Types].xml", bytes(contentTypes(described.map(([path]) => path)))];
writeFileSync(target, zipSync(Object.fromEntries([types, ...described]), { level: 9 }));
