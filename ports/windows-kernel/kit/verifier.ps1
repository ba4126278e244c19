# SPDX-License-Identifier: MIT
<#
.SYNOPSIS
    Switch Driver Verifier on or off for the sample.
.DESCRIPTION
    Flags: 0x1 special pool, 0x2 IRQL checking, 0x8 pool tracking, 0x10 I/O
    verification, 0x20 deadlock detection, 0x100 security checks, 0x800
    miscellaneous checks, 0x20000 DDI compliance. -LowMemory adds 0x4: some
    allocations fail, beginning 8 minutes after the start, so adds are refused.
    Takes effect with the next restart.

    Written from documentation, not run. Needs an elevated PowerShell.
.EXAMPLE
    .\verifier.ps1 -On
.EXAMPLE
    .\verifier.ps1 -Off
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, ParameterSetName = 'On')] [switch] $On,
    [Parameter(Mandatory, ParameterSetName = 'Off')] [switch] $Off,
    [Parameter(ParameterSetName = 'On')] [switch] $LowMemory,
    [Parameter(ParameterSetName = 'On')] [string] $Driver = 'cpuslab-sample.sys'
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

if ($Off) {
    $arguments = @('/reset')
} else {
    $flags = 0x1 -bor 0x2 -bor 0x8 -bor 0x10 -bor 0x20 -bor 0x100 -bor 0x800 -bor 0x20000
    if ($LowMemory) { $flags = $flags -bor 0x4 }
    $arguments = @('/flags', ('0x{0:x}' -f $flags))
    $arguments += '/driver', $Driver
}
& verifier.exe @arguments
# 2: the settings take effect with the next restart.
if ($LASTEXITCODE -notin 0, 2) { throw "verifier failed with $LASTEXITCODE" }
& verifier.exe /querysettings
