# SPDX-License-Identifier: MIT
<#
.SYNOPSIS
    Add processors while programs use the sample, and check its counts.
.DESCRIPTION
    Programs generate events without pause. Meanwhile processors are added: by
    Microsoft's PNPCPU (-Pnpcpu FOLDER), or by somebody, at the hypervisor, while
    the script waits (-Wait SECONDS). Then every event must be counted exactly
    once, there must be more processors than before, and each of them must have
    counted some.

    PNPCPU needs "pnpcpu -install" and a restart first (-Install does that, but
    does not restart), and after -add another restart before the next run. It
    must be run from the folder that has all of its files.

    Written from documentation, not run. Needs an elevated PowerShell, and the
    sample loaded.
.EXAMPLE
    .\add.ps1 -Pnpcpu C:\pnpcpu -Install
.EXAMPLE
    .\add.ps1 -Pnpcpu C:\pnpcpu
.EXAMPLE
    .\add.ps1 -Wait 60
#>
[CmdletBinding(DefaultParameterSetName = 'Wait')]
param(
    [Parameter(Mandatory, ParameterSetName = 'Pnpcpu')] [string] $Pnpcpu,
    [Parameter(ParameterSetName = 'Pnpcpu')] [switch] $Install,
    [Parameter(ParameterSetName = 'Wait')] [int] $Wait = 60,
    [string] $Console = (Join-Path $PSScriptRoot '..\sample\cpuslab-sample.exe'),
    # Programs at once, and events in one request.
    [int] $Programs = 8,
    [int] $Events = 100000
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Invoke-Pnpcpu([string] $Operation) {
    if (-not (Test-Path (Join-Path $Pnpcpu 'pnpcpu.exe'))) { throw "$Pnpcpu has no pnpcpu.exe" }
    Push-Location $Pnpcpu
    try {
        # Its exit status is not documented.
        & .\pnpcpu.exe $Operation
    } finally {
        Pop-Location
    }
}

# What the console program says: the total, and the count of each processor.
function Get-Report {
    $lines = & $Console
    if ($LASTEXITCODE -ne 0) { throw 'the sample does not answer: is it loaded?' }
    if ($lines[0] -notmatch '^(\d+) events; (\d+) of \d+ processors online') { throw "not understood: $($lines[0])" }
    $report = @{ Events = [uint64]$Matches[1]; Online = [int]$Matches[2]; Row = @{} }
    foreach ($line in $lines) {
        if ($line -match '^\s+processor\s+(\d+)\s+online\s+(\d+)') { $report.Row[[int]$Matches[1]] = [uint64]$Matches[2] }
    }
    $report
}

if (-not (Test-Path $Console)) { throw "$Console does not exist: name it with -Console" }
if ($PSCmdlet.ParameterSetName -eq 'Pnpcpu' -and $Install) {
    Invoke-Pnpcpu '-install'
    Write-Output 'Restart now, load the sample, and run this again without -Install.'
    return
}

$before = Get-Report
$stop = Join-Path ([System.IO.Path]::GetTempPath()) ([System.IO.Path]::GetRandomFileName())
$generate = {
    param($Console, $Events, $Stop)
    $requests = 0
    while (-not (Test-Path $Stop)) {
        & $Console $Events | Out-Null
        if ($LASTEXITCODE -ne 0) { throw 'a request failed' }
        $requests++
    }
    $requests
}
$jobs = 1..$Programs | ForEach-Object { Start-Job $generate -ArgumentList $Console, $Events, $stop }
try {
    if ($PSCmdlet.ParameterSetName -eq 'Pnpcpu') {
        Start-Sleep -Seconds 5
        Invoke-Pnpcpu '-add'
    } else {
        Write-Output "Add processors now; $Wait seconds."
        Start-Sleep -Seconds $Wait
    }
    Start-Sleep -Seconds 10
} finally {
    New-Item -ItemType File -Path $stop | Out-Null
    $requests = ($jobs | Receive-Job -Wait | Measure-Object -Sum).Sum
    $jobs | Remove-Job
    Remove-Item $stop
}

$after = Get-Report
$counted = $after.Events - $before.Events
$expected = [uint64]$requests * $Events
$new = @($after.Row.Keys | Where-Object { -not $before.Row.ContainsKey($_) })
Write-Output "$($before.Online) processors before, $($after.Online) after; $counted events counted, $expected generated"
if ($counted -ne $expected) { throw 'events are lost or counted twice' }
if ($after.Online -le $before.Online) { throw 'no processor was added' }
foreach ($processor in $new) {
    if ($after.Row[$processor] -eq 0) { throw "processor $processor has counted nothing" }
}
Write-Output "passed: new processors $($new -join ', ')"
