# SPDX-License-Identifier: MIT
<#
.SYNOPSIS
    Sign the sample for a test machine.
.DESCRIPTION
    Makes a certificate for code signing, unless there is one of that name,
    makes the catalog, and signs the driver and the catalog. With -Trust the
    machine trusts the certificate: for the test machine only, where test signing
    must be on as well (bcdedit /set testsigning on, and a restart).

    Written from documentation, not run. Needs the WDK (inf2cat, signtool) and
    an elevated PowerShell.
.EXAMPLE
    .\sign.ps1 -Folder C:\cpuslab\sample -Trust
#>
[CmdletBinding()]
param(
    # Has cpuslab-sample.sys and cpuslab-sample.inf.
    [Parameter(Mandatory)] [string] $Folder,
    [string] $Name = 'cpuslab test',
    # As inf2cat /? names them; an older WDK does not know the newest.
    [string] $Systems = '7_X64,Server2008R2_X64,10_X64,Server10_X64,ServerFE_X64',
    [switch] $Trust
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Find-Tool([string] $Tool) {
    $kits = Join-Path ${env:ProgramFiles(x86)} 'Windows Kits\10\bin'
    $found = Get-ChildItem -Path $kits -Recurse -Filter $Tool -ErrorAction SilentlyContinue |
        Where-Object { $_.FullName -match '\\(x86|x64)\\' } |
        Sort-Object FullName -Descending | Select-Object -First 1
    if (-not $found) { throw "$Tool is not below ${kits}: install the WDK" }
    $found.FullName
}

function Invoke-Tool([string] $Tool, [string[]] $Arguments) {
    & $Tool @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Tool failed with $LASTEXITCODE" }
}

foreach ($file in 'cpuslab-sample.sys', 'cpuslab-sample.inf') {
    if (-not (Test-Path (Join-Path $Folder $file))) { throw "$Folder has no $file" }
}
$store = 'Cert:\CurrentUser\My'
$certificate = Get-ChildItem $store -CodeSigningCert |
    Where-Object { $_.Subject -eq "CN=$Name" } | Select-Object -First 1
if (-not $certificate) {
    $certificate = New-SelfSignedCertificate -Type CodeSigningCert -Subject "CN=$Name" -CertStoreLocation $store
}
if ($Trust) {
    $file = Join-Path $Folder 'cpuslab-test.cer'
    Export-Certificate -Cert $certificate -FilePath $file | Out-Null
    foreach ($where in 'Root', 'TrustedPublisher') {
        Import-Certificate -FilePath $file -CertStoreLocation "Cert:\LocalMachine\$where" | Out-Null
    }
}
$signtool = Find-Tool 'signtool.exe'
$sign = 'sign', '/fd', 'sha256', '/sha1', $certificate.Thumbprint
# The driver first: the catalog has the hash of the signed file.
Invoke-Tool $signtool ($sign + (Join-Path $Folder 'cpuslab-sample.sys'))
Invoke-Tool (Find-Tool 'inf2cat.exe') "/driver:$Folder", "/os:$Systems"
Invoke-Tool $signtool ($sign + (Join-Path $Folder 'cpuslab-sample.cat'))
Write-Output "signed with $($certificate.Thumbprint)"
