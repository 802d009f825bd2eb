namespace VideoScale.Bench.Report;

/// <summary>How the page looks, by day and by night, on paper too.</summary>
internal static class ReportStyle
{
    internal const string Sheet = """
        :root { color-scheme: light dark; --ink: #1c2430; --quiet: #647084; --line: #e3e8ef; --paper: #fff; --ground: #f5f7fa; --accent: #2563c9; --better: #12753b; --worse: #b3261e }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e9f1; --quiet: #93a0b4; --line: #2b3442; --paper: #171d27; --ground: #10151d; --accent: #7fb0ff; --better: #63d08f; --worse: #ff8a80 } }
        * { box-sizing: border-box }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif }
        main { max-width: 1320px; margin: 0 auto; padding: 28px 20px 80px }
        h1 { font-size: 26px; margin: 0 0 6px } h2 { font-size: 20px; margin: 44px 0 10px } h3 { font-size: 16px; margin: 0 0 4px }
        .lead { max-width: 880px; color: var(--quiet); margin: 0 0 22px } .facts { color: var(--quiet); font-size: 13px; margin: 0 0 4px }
        section, .overview { background: var(--paper); border: 1px solid var(--line); border-radius: 8px } section { padding: 14px 16px; margin: 0 0 14px; overflow-x: auto }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums } section table { margin-top: 8px }
        th { text-align: left; font-weight: 600; font-size: 12px; color: var(--quiet); padding: 6px 10px; border-bottom: 1px solid var(--line) }
        td { padding: 5px 10px; border-bottom: 1px solid var(--line); vertical-align: middle } tbody tr:last-child td { border-bottom: 0 } tbody tr:hover { background: color-mix(in srgb, var(--accent) 6%, transparent) }
        .n { text-align: right; white-space: nowrap } .value { font-weight: 600 } .unit, .quiet, .part, .when { color: var(--quiet); font-weight: 400 } .unit { font-size: 12px } .when { white-space: nowrap } .overview td:nth-child(2) { min-width: 260px }
        .better { color: var(--better) } .worse { color: var(--worse) }
        a { color: var(--accent); text-decoration: none } a:hover { text-decoration: underline }
        .history { display: block } .history polyline { fill: none; stroke: var(--accent); stroke-width: 1.5 } .history circle { fill: var(--accent) }
        details { margin-top: 8px; font-size: 13px; color: var(--quiet) } summary { cursor: pointer } ul { margin: 4px 0; padding-left: 20px; overflow-wrap: anywhere }
        @media print { body { background: #fff } section { break-inside: avoid } }
        """;
}
